#include "muster/app/reproduce/claim_expression.h"

#include <fmt/format.h>
#include <muParser.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <regex>

#include "muster/base/error.h"

namespace muster::inline app {

namespace {

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - mean(values)) * (value - mean(values));
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double over_list(const std::string& function, const std::vector<double>& values) {
  if (values.empty()) return function == "count" ? 0 : std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(values.size());
  if (function == "mean") return mean(values);
  if (function == "sd") return deviation(values);
  if (function == "se") return deviation(values) / std::sqrt(n);
  if (function == "least") return *std::min_element(values.begin(), values.end());
  if (function == "most") return *std::max_element(values.begin(), values.end());
  if (function == "sum") return n * mean(values);
  return n;
}

double is_known(double value) { return std::isfinite(value) ? 1 : 0; }

const FigureValue& find(const std::string& name, const std::vector<FigureValue>& figures,
                        const std::string& expression) {
  for (const FigureValue& figure : figures)
    if (figure.name == name) return figure;
  throw DataError(fmt::format("'{}' in '{}' is not a figure defined before it", name, expression));
}

/// Replaces mean(x) and the like by variables of their own.
std::string without_lists(const std::string& expression, const std::vector<FigureValue>& figures,
                          std::map<std::string, double>& variables) {
  static const std::regex call(R"(\b(mean|se|sd|least|most|sum|count)\s*\(\s*([A-Za-z_]\w*)\s*\))");
  std::string plain;
  auto rest = expression.cbegin();
  for (std::sregex_iterator at(expression.begin(), expression.end(), call), end; at != end; ++at) {
    plain.append(rest, (*at)[0].first);
    const std::string name = fmt::format("{}_of_{}_", (*at)[1].str(), (*at)[2].str());
    variables[name] = over_list((*at)[1], find((*at)[2], figures, expression).values);
    plain += name;
    rest = (*at)[0].second;
  }
  plain.append(rest, expression.cend());
  return plain;
}

double evaluate_plain(const std::string& plain, std::map<std::string, double>& variables,
                      const std::string& expression) {
  try {
    mu::Parser parser;
    for (auto& [name, value] : variables) parser.DefineVar(name, &value);
    parser.DefineFun("known", is_known);
    parser.SetExpr(plain);
    return parser.Eval();
  } catch (const mu::Parser::exception_type& error) {
    throw DataError(fmt::format("the expression '{}' cannot be read: {}", expression, error.GetMsg()));
  }
}

bool names(const std::string& plain, const std::string& word) {
  return std::regex_search(plain, std::regex("\\b" + word + "\\b"));
}

}  // namespace

double evaluate(const std::string& expression, const std::vector<FigureValue>& figures) {
  std::map<std::string, double> variables;
  const std::string plain = without_lists(expression, figures, variables);
  for (const FigureValue& figure : figures) {
    if (figure.list && names(plain, figure.name))
      throw DataError(fmt::format("'{}' in '{}' is a list: use mean({}), least({}) or most({})", figure.name,
                                  expression, figure.name, figure.name, figure.name));
    if (!figure.list) variables[figure.name] = figure.values.front();
  }
  return evaluate_plain(plain, variables, expression);
}

std::vector<double> evaluate_each(const std::string& expression, const std::vector<FigureValue>& figures) {
  std::map<std::string, double> variables;
  const std::string plain = without_lists(expression, figures, variables);
  size_t count = 0;
  for (const FigureValue& figure : figures) {
    if (!figure.list || !names(plain, figure.name)) continue;
    if (count != 0 && figure.values.size() != count)
      throw DataError(fmt::format("the lists in '{}' are not equally long", expression));
    count = figure.values.size();
  }
  std::vector<double> result;
  for (size_t i = 0; i < count; ++i) {
    for (const FigureValue& figure : figures)
      if (!figure.list)
        variables[figure.name] = figure.values.front();
      else if (names(plain, figure.name))
        variables[figure.name] = figure.values[i];
    result.push_back(evaluate_plain(plain, variables, expression));
  }
  return result;
}

}  // namespace muster::inline app

#include "muster/app/reproduce/claim_figures.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::json;

std::vector<std::string> segments_of(const std::string& pointer) {
  std::vector<std::string> segments;
  for (size_t begin = 1; begin <= pointer.size();) {
    const size_t end = std::min(pointer.find('/', begin), pointer.size());
    segments.push_back(pointer.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool has(const Json& object, const std::string& key, const std::string& wanted) {
  if (!object.is_object() || !object.contains(key)) return false;
  const Json& value = object[key];
  return value.is_string() ? value.get<std::string>() == wanted : value.dump() == wanted;
}

/// Whether the object has all of "key=value,key=value".
bool has_all(const Json& object, const std::string& pairs) {
  for (size_t begin = 0; begin < pairs.size();) {
    const size_t end = std::min(pairs.find(',', begin), pairs.size());
    const std::string pair = pairs.substr(begin, end - begin);
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || !has(object, pair.substr(0, equals), pair.substr(equals + 1)))
      return false;
    begin = end + 1;
  }
  return true;
}

/// The element of a list at a place, or the first with key=value.
const Json* element(const Json& list, const std::string& segment) {
  if (segment.find('=') != std::string::npos) {
    for (const Json& one : list)
      if (has_all(one, segment)) return &one;
    return nullptr;
  }
  size_t place = 0;
  const auto [end, problem] = std::from_chars(segment.data(), segment.data() + segment.size(), place);
  if (problem != std::errc{} || end != segment.data() + segment.size() || place >= list.size())
    return nullptr;
  return &list[place];
}

double number_of(const Json& value, const std::string& pointer) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!value.is_number()) throw DataError(fmt::format("there is no number at '{}'", pointer));
  return value.get<double>();
}

void collect(const Json& json, const std::vector<std::string>& segments, size_t at,
             const std::string& pointer, std::vector<double>& numbers) {
  if (at == segments.size()) {
    numbers.push_back(number_of(json, pointer));
    return;
  }
  const std::string& segment = segments[at];
  if (segment == "*" && json.is_array()) {
    for (const Json& one : json) collect(one, segments, at + 1, pointer, numbers);
    return;
  }
  const Json* next = nullptr;
  if (json.is_array())
    next = element(json, segment);
  else if (json.is_object() && json.contains(segment))
    next = &json[segment];
  if (next == nullptr) throw DataError(fmt::format("there is no '{}' on the way of '{}'", segment, pointer));
  collect(*next, segments, at + 1, pointer, numbers);
}

}  // namespace

std::vector<double> numbers_at(std::string_view json, const std::string& pointer) {
  Json parsed = Json::parse(json, nullptr, false);
  if (parsed.is_discarded()) throw DataError("a run printed something that is no JSON");
  std::vector<double> numbers;
  collect(parsed, segments_of(pointer), 0, pointer, numbers);
  return numbers;
}

FigureValue read_figure(const std::string& name, const std::string& from, const RunResults& results) {
  const std::string run = run_of(from), pointer = from.substr(run.size() + 1);
  const auto found = results.find(run);
  if (found == results.end()) throw DataError(fmt::format("there is no run '{}'", run));
  FigureValue figure{name, {}, found->second.size() > 1 || pointer.find("/*") != std::string::npos};
  for (const std::string& json : found->second) {
    std::vector<double> numbers;
    try {
      numbers = numbers_at(json, pointer);
    } catch (const DataError& error) {
      throw DataError(fmt::format("run '{}': {}", run, error.what()));
    }
    figure.values.insert(figure.values.end(), numbers.begin(), numbers.end());
  }
  return figure;
}

std::vector<FigureValue> find_figures(const ClaimTest& test, const RunResults& results) {
  std::vector<FigureValue> figures;
  for (const ClaimFigure& figure : test.figures) {
    if (!figure.from.empty())
      figures.push_back(read_figure(figure.name, figure.from, results));
    else if (!figure.is.empty())
      figures.push_back({figure.name, {evaluate(figure.is, figures)}, false});
    else
      figures.push_back({figure.name, evaluate_each(figure.each, figures), true});
  }
  return figures;
}

std::string shown_figures(const ClaimTest& test, const std::vector<FigureValue>& figures) {
  fmt::dynamic_format_arg_store<fmt::format_context> values;
  for (const FigureValue& figure : figures)
    values.push_back(fmt::arg(figure.name.c_str(), evaluate("mean(" + figure.name + ")", figures)));
  try {
    return fmt::vformat(test.shows, values);
  } catch (const fmt::format_error& error) {
    throw DataError(fmt::format("'shows' cannot be written: {}", error.what()));
  }
}

}  // namespace muster::inline app

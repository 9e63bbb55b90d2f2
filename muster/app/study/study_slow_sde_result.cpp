#include "muster/app/study/study_slow_sde_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "muster/app/study/study_output.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// A scalar for the problems with one number, else an array over the features.
template <class Get>
Json one_or_all(const SlowSdeRow& row, const Get& get) {
  if (!std::holds_alternative<DiagonalNetOptions>(row.run->problem)) return number(get(row.numbers[0]));
  Json list = Json::array();
  for (const SlowSdeNumber& one : row.numbers) list.push_back(number(get(one)));
  return list;
}

void add_problem(Json& json, const SlowSdeProblem& problem) {
  if (const auto* hyperbola = std::get_if<HyperbolaOptions>(&problem)) {
    json["noise"] = hyperbola->noise;
    json["start"] = hyperbola->start;
  } else if (const auto* valley = std::get_if<ValleyOptions>(&problem)) {
    json["noise"] = valley->noise;
    json["tangent_noise"] = valley->tangent_noise;
    json["noise_law"] = valley->with_curvature ? "curvature" : "constant";
    json["start"] =
        valley->start ? Json(*valley->start) : Json(valley->tangent_noise > 0 ? Json() : Json(1.0));
  } else {
    const auto& net = std::get<DiagonalNetOptions>(problem);
    json["noise"] = net.noise;
    json["Q0"] = net.start;
    json["X"] = Json::array();
    for (int64_t i = 0; i < net.samples; ++i)
      json["X"].push_back(std::vector<double>(net.rows.begin() + i * net.features,
                                              net.rows.begin() + (i + 1) * net.features));
    json["y"] = net.labels;
    const DiagonalNetPoint point = diagonal_net_point(net, net.start);
    json["u0"] = point.u;
    json["v0"] = point.v;
    json["largest_curvature"] = point.curvature;
  }
}

Json row_json(const SlowSdeRow& row) {
  Json json;
  const SlowSdePlan& plan = row.run->plan;
  json["name"] = row.run->name;
  json["measure"] = row.measure;
  json["workers"] = plan.workers;
  json["learning_rate"] = plan.largest_rate();
  json["rule"] = row.run->rule;
  json["period"] = plan.period();
  json["steps"] = plan.steps();
  json["replicas"] = row.run->replicas;
  json["rounds"] = plan.rounds.size();
  json["communication"] = row.communication();
  json["slow_time"] = row.slow_time;
  json["round_time"] = row.round_time();
  json["simulated"] = one_or_all(row, [](const auto& one) { return one.simulated.mean; });
  json["standard_error"] = one_or_all(row, [](const auto& one) { return one.simulated.standard_error; });
  json["theory"] = one_or_all(row, [](const auto& one) { return one.theory; });
  json["theory_continuous"] = one_or_all(row, [](const auto& one) { return one.theory_continuous; });
  json["theory_sgd"] = one_or_all(row, [](const auto& one) { return one.theory_sgd; });
  json["relative_error"] = one_or_all(row, [](const auto& one) { return one.off(); });
  if (row.trace) {
    json["trace_hessian"] = row.trace->mean;
    json["trace_hessian_standard_error"] = row.trace->standard_error;
  }
  json["seconds"] = row.seconds;
  return json;
}

void add_valley_summary(Json& json, const std::vector<const SlowSdeRow*>& rows) {
  const auto least = *std::min_element(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
    return a->numbers[0].simulated.mean < b->numbers[0].simulated.mean;
  });
  Json summary;
  summary["noise_law"] =
      std::get<ValleyOptions>(rows[0]->run->problem).with_curvature ? "curvature" : "constant";
  summary["minimum"] = {{"period", least->run->plan.period()},
                        {"round_time", least->round_time()},
                        {"simulated", least->numbers[0].simulated.mean}};
  if (const auto slope = excess_slope(rows))
    summary["excess_slope"] = {{"slope", slope->slope},
                               {"standard_error", slope->standard_error},
                               {"between_ends", slope->between},
                               {"between_ends_standard_error", slope->between_error},
                               {"rows", slope->rows}};
  json["shapes"].push_back(summary);
}

std::string plain(double value, int digits) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return "infinite";
  return fmt::format("{:.{}f}", value, digits);
}

/// Decimals that show the standard error with two digits.
int decimals(const SlowSdeNumber& one) {
  const double error = one.simulated.standard_error;
  if (!(error > 0)) return 4;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(error))), 3, 5);
}

/// A column of the table: its heading and the cell of a row's number.
struct Column {
  std::string heading;
  std::function<std::string(const SlowSdeRow&, const SlowSdeNumber&)> cell;
};

std::vector<Column> columns_of(const SlowSdeRow& first, const std::string& scan) {
  std::vector<Column> columns = {
      {"rounds", [](const auto& row, const auto&) { return format_count(std::ssize(row.run->plan.rounds)); }},
      {"communication",
       [](const auto& row, const auto&) { return fmt::format("{:.2f} %", 100 * row.communication()); }}};
  if (first.measure == "E[y^2]")
    columns.push_back(
        {"H x rate^2", [](const auto& row, const auto&) { return format_number(row.round_time(), 3); }});
  columns.push_back({"simulated", [](const auto&, const auto& one) {
                       const int digits = decimals(one);
                       return fmt::format("{:.{}f} ± {:.{}f}", one.simulated.mean, digits,
                                          one.simulated.standard_error, digits);
                     }});
  columns.push_back(
      {"theory", [](const auto&, const auto& one) { return plain(one.theory, decimals(one)); }});
  columns.push_back({"simulated is off", [](const auto&, const auto& one) {
                       return std::isfinite(one.off()) ? fmt::format("{:+.2f} %", 100 * one.off())
                                                       : std::string("-");
                     }});
  columns.push_back({"continuous", [](const auto&, const auto& one) {
                       return plain(one.theory_continuous, decimals(one));
                     }});
  if (scan != "schedules")
    columns.push_back(
        {"SGD's law", [](const auto&, const auto& one) { return plain(one.theory_sgd, decimals(one)); }});
  if (first.trace)
    columns.push_back(
        {"tr Hess", [](const auto& row, const auto&) { return fmt::format("{:.3f}", row.trace->mean); }});
  return columns;
}

std::string facts(const SlowSdeRequest& request) {
  const SlowSdePlan& plan = request.cases.front().plan;
  return fmt::format("workers {}, replicas {}, steps {}, learning rate {}, seed {}", plan.workers,
                     format_count(request.replicas.replicas), format_count(plan.steps()),
                     format_number(plan.largest_rate(), 4), request.replicas.seed);
}

std::string matrix_text(const DiagonalNetOptions& net) {
  std::string text = "X =";
  for (size_t i = 0; i < net.rows.size(); ++i)
    text += fmt::format("{}{:.6g}", i > 0 && i % static_cast<size_t>(net.features) == 0 ? "; " : " ",
                        net.rows[i]);
  text += "\ny =";
  for (const double label : net.labels) text += fmt::format(" {:.6g}", label);
  text += "\nQ(0) =";
  for (const double q : net.start) text += fmt::format(" {:.6g}", q);
  return text + "\n";
}

std::string shape_sentence(const std::vector<const SlowSdeRow*>& rows) {
  const auto least = *std::min_element(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
    return a->numbers[0].simulated.mean < b->numbers[0].simulated.mean;
  });
  std::string text =
      fmt::format("E[y^2] is least, {:.3f}, at H = {} (H x rate^2 = {})", least->numbers[0].simulated.mean,
                  format_count(least->run->plan.period()), format_number(least->round_time(), 2));
  if (const auto slope = excess_slope(rows))
    text += fmt::format("; beyond it the excess over the theory is {:.3f} ± {:.3f} times H x rate^2",
                        slope->slope, slope->standard_error);
  return text + ".";
}

std::string rules_sentence(const std::vector<SlowSdeRow>& rows, double worst) {
  const auto flattest = std::min_element(
      rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.trace->mean < b.trace->mean; });
  const SlowSdeRow& first = rows.front();
  return fmt::format(
      "{} ends flattest, at tr Hess {:.3f}, with meetings after {:.2f} % of the steps; {} ends at {:.3f}. "
      "The "
      "theory is within {:.2f} % everywhere.",
      flattest->run->name, flattest->trace->mean, 100 * flattest->communication(), first.run->name,
      first.trace->mean, 100 * worst);
}

std::string coordinates_sentence(const SlowSdeRow& row, double worst) {
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const SlowSdeNumber& one : row.numbers) {
    least = std::min(least, one.simulated.mean / one.theory_sgd);
    most = std::max(most, one.simulated.mean / one.theory_sgd);
  }
  return fmt::format(
      "Every Q_j falls {:.2f} to {:.2f} times as fast as under SGD's law; the theory is within {:.2f} % in "
      "every coordinate.",
      least, most, 100 * worst);
}

}  // namespace

std::vector<std::vector<const SlowSdeRow*>> slow_sde_groups(const SlowSdeResult& result) {
  std::vector<std::vector<const SlowSdeRow*>> groups;
  std::string last;
  for (const SlowSdeRow& row : result.rows) {
    const std::string name = slow_sde_group_name(row);
    if (groups.empty() || name != last) groups.emplace_back();
    groups.back().push_back(&row);
    last = name;
  }
  return groups;
}

std::string slow_sde_group_name(const SlowSdeRow& row) {
  const auto* valley = std::get_if<ValleyOptions>(&row.run->problem);
  if (!valley) return {};
  return fmt::format("{}, {} replicas",
                     valley->with_curvature
                         ? "Ornstein-Uhlenbeck form: the noise across grows with the curvature"
                         : "Student's form: the noise across is the same everywhere",
                     format_count(row.run->replicas));
}

StudyTable slow_sde_table(const std::vector<const SlowSdeRow*>& rows, const std::string& scan) {
  StudyTable table;
  table.title = slow_sde_group_name(*rows.front());
  const std::vector<Column> columns = columns_of(*rows.front(), scan);
  table.header = {rows.front()->measure};
  for (const Column& column : columns) table.header.push_back(column.heading);
  for (const SlowSdeRow* row : rows)
    for (size_t i = 0; i < row->numbers.size(); ++i) {
      const bool many = row->numbers.size() > 1;
      table.rows.push_back({many ? fmt::format("{}, j = {}", row->run->name, i + 1) : row->run->name});
      for (const Column& column : columns) table.rows.back().push_back(column.cell(*row, row->numbers[i]));
    }
  table.note =
      "± is one standard error over the replicas. theory: the slow SDE made exact for steps of finite size; "
      "continuous: as the paper writes it; SGD's law: that of meetings after every step.";
  return table;
}

std::string slow_sde_sentence(const SlowSdeResult& result) {
  const auto& rows = result.rows;
  const SlowSdeRow &first = rows.front(), &last = rows.back();
  const bool stationary = first.measure == "E[y^2]";
  if (result.request.scan == "period" && stationary) {
    std::string text;
    for (const auto& group : slow_sde_groups(result))
      if (group.size() > 1) text = shape_sentence(group);
    return text;
  }
  double worst = 0;
  for (const SlowSdeRow& row : rows)
    for (const SlowSdeNumber& one : row.numbers)
      if (std::isfinite(one.off())) worst = std::max(worst, std::fabs(one.off()));
  if (result.request.scan == "schedules" && first.trace) return rules_sentence(rows, worst);
  if (rows.size() == 1 && first.numbers.size() > 1) return coordinates_sentence(first, worst);
  if (rows.size() == 1)
    return fmt::format("{} = {} after {} steps; the theory says {}, SGD's law {}.", first.measure,
                       plain(first.numbers[0].simulated.mean, 4), format_count(first.run->plan.steps()),
                       plain(first.numbers[0].theory, 4), plain(first.numbers[0].theory_sgd, 4));
  std::string text = result.request.scan == "learning-rate"
                         ? fmt::format(
                               "At rounds of a fixed length in slow time, H x rate^2 = {}, {} is {} at {} "
                               "and {} at {}",
                               format_number(first.round_time(), 3), first.measure,
                               plain(first.numbers[0].simulated.mean, 4), first.run->name,
                               plain(last.numbers[0].simulated.mean, 4), last.run->name)
                         : fmt::format("{} is {} with {} and {} with {}", first.measure,
                                       plain(first.numbers[0].simulated.mean, 4), first.run->name,
                                       plain(last.numbers[0].simulated.mean, 4), last.run->name);
  return text + fmt::format("; the theory is within {:.2f} % everywhere.", 100 * worst);
}

std::string slow_sde_json(const SlowSdeResult& result, int indent) {
  const SlowSdeRequest& request = result.request;
  Json json;
  json["study"] = "slow-sde";
  json["problem"] = request.problem;
  json["scan"] = request.scan.empty() ? Json() : Json(request.scan);
  json["replicas"] = request.replicas.replicas;
  json["seed"] = request.replicas.seed;
  add_problem(json, request.cases.front().problem);
  if (request.scan.empty()) {
    json.update(row_json(result.rows.front()));
  } else {
    json["rows"] = Json::array();
    for (const SlowSdeRow& row : result.rows) {
      Json one = row_json(row);
      if (const auto* valley = std::get_if<ValleyOptions>(&row.run->problem))
        one["noise_law"] = valley->with_curvature ? "curvature" : "constant";
      json["rows"].push_back(std::move(one));
    }
    if (request.scan == "period" && result.rows.front().measure == "E[y^2]") {
      json["shapes"] = Json::array();
      for (const auto& group : slow_sde_groups(result)) add_valley_summary(json, group);
    }
  }
  json["command"] = request.command;
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string slow_sde_text(const SlowSdeResult& result) {
  std::string text = facts(result.request) + "\n";
  if (const auto* net = std::get_if<DiagonalNetOptions>(&result.request.cases.front().problem))
    text += matrix_text(*net);
  text += "\n";
  for (const auto& group : slow_sde_groups(result))
    text += study_table_text(slow_sde_table(group, result.request.scan)) + "\n";
  return text + slow_sde_sentence(result) + "\n";
}

}  // namespace muster::inline app

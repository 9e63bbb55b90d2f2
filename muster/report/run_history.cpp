#include "muster/report/run_history.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline report {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of_value(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const Json& element : value) list += (list.empty() ? "" : ",") + text_of_value(element);
  return list;
}

FlatConfiguration flat(const Json& json) {
  FlatConfiguration result;
  for (const auto& [section, keys] : json.items())
    for (const auto& [key, value] : keys.items())
      result.emplace_back(section + "." + key, text_of_value(value));
  return result;
}

int64_t whole_number(const std::string& text, int64_t otherwise) {
  int64_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

double number_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return std::numeric_limits<double>::quiet_NaN();
  return found->get<double>();
}

std::optional<double> known(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

SummarySeconds seconds_of(const Json& json) {
  return {number_of(json, "compute"), number_of(json, "waiting"),    number_of(json, "averaging"),
          number_of(json, "data"),    number_of(json, "evaluation"), number_of(json, "checkpoint"),
          number_of(json, "total")};
}

Summary totals_of(const Json& json) {
  Summary totals;
  totals.steps = json.at("steps").get<int64_t>();
  totals.rounds = json.at("rounds").get<int64_t>();
  totals.communication = number_of(json, "communication");
  totals.final_test_accuracy = known(json, "final_test_accuracy");
  totals.final_test_loss = known(json, "final_test_loss");
  totals.loss_floor = known(json, "loss_floor");
  totals.final_train_loss = number_of(json, "final_train_loss");
  totals.bytes_per_worker = json.at("bytes_per_worker").get<int64_t>();
  totals.inner_bytes_per_worker = json.value("inner_bytes_per_worker", int64_t{0});
  totals.divergence = known(json, "divergence");
  totals.samples_per_second = number_of(json, "samples_per_second");
  totals.parameters = json.value("parameters", int64_t{0});
  totals.seconds = seconds_of(json.at("seconds"));
  for (const auto& [name, version] : json.at("versions").items())
    totals.versions[name] = text_of_value(version);
  return totals;
}

// Sums and means over the rounds so far.
Summary totals_so_far(const std::vector<MetricsLine>& lines) {
  Summary totals;
  totals.final_train_loss = std::numeric_limits<double>::quiet_NaN();
  for (const MetricsLine& line : lines) {
    if (line.test_accuracy) totals.final_test_accuracy = line.test_accuracy;
    if (line.test_loss) totals.final_test_loss = line.test_loss;
    totals.steps = line.step;
    totals.seconds.total = line.wall_seconds;
    totals.seconds.evaluation += line.seconds.evaluation;
    if (line.evaluation) continue;
    totals.rounds = line.round;
    totals.final_train_loss = line.loss;
    totals.bytes_per_worker += line.bytes_per_worker;
    totals.inner_bytes_per_worker += line.inner_bytes_per_worker;
    if (line.divergence) totals.divergence = line.divergence;
    totals.seconds.compute += line.seconds.compute;
    totals.seconds.waiting += line.seconds.waiting;
    totals.seconds.averaging += line.seconds.averaging;
    totals.seconds.data += line.seconds.data;
  }
  if (totals.steps > 0)
    totals.communication = static_cast<double>(totals.rounds) / static_cast<double>(totals.steps);
  return totals;
}

void read_summary(const std::string& path, RunHistory& run) {
  try {
    const Json json = Json::parse(read_file(path));
    run.totals = totals_of(json);
    set_configuration(run, flat(json.at("configuration")));
  } catch (const nlohmann::json::exception& problem) {
    throw DataError(fmt::format("'{}' is no summary of a run: {}", path, problem.what()));
  }
  run.finished = true;
}

}  // namespace

std::string RunHistory::setting(const std::string& key) const {
  for (const auto& [name, value] : configuration)
    if (name == key) return value;
  return {};
}

MeasuredWork RunHistory::work() const {
  return {static_cast<double>(totals.steps),
          static_cast<double>(totals.workers),
          static_cast<double>(totals.threads),
          static_cast<double>(totals.rounds),
          static_cast<double>(totals.bytes_per_worker),
          totals.seconds.compute,
          totals.seconds.data};
}

RunHistory read_rounds_so_far(const std::string& folder) {
  RunHistory run;
  run.folder = folder;
  run.totals.workers = run.totals.threads = 1;
  if (is_there(folder + "/metrics.jsonl")) run.lines = read_metrics(folder + "/metrics.jsonl");
  run.totals = totals_so_far(run.lines);
  return run;
}

RunHistory read_run_history(const std::string& folder) {
  RunHistory run = read_rounds_so_far(folder);
  if (is_there(folder + "/summary.json")) read_summary(folder + "/summary.json", run);
  return run;
}

void set_configuration(RunHistory& run, FlatConfiguration configuration) {
  run.configuration = std::move(configuration);
  run.seed = whole_number(run.setting("run.seed"), 1);
  run.totals.workers = whole_number(run.setting("run.workers"), 1);
  run.totals.threads = whole_number(run.setting("run.threads"), 1);
}

FlatConfiguration flat_configuration(const std::string& json, const std::string& source) {
  try {
    return flat(Json::parse(json));
  } catch (const nlohmann::json::exception& problem) {
    throw DataError(fmt::format("'{}' holds no configuration: {}", source, problem.what()));
  }
}

}  // namespace muster::inline report

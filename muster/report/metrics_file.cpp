#include "muster/report/metrics_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline report {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

void put_evaluation(Json& json, const MetricsLine& line) {
  if (line.test_loss) json["test_loss"] = number(*line.test_loss);
  if (line.test_accuracy) json["test_accuracy"] = number(*line.test_accuracy);
}

double real(const Json& json, const char* name) {
  const Json& value = json.at(name);
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

int64_t integer(const Json& json, const char* name) {
  const Json& value = json.at(name);
  if (!value.is_number_integer()) throw std::invalid_argument(fmt::format("{} is no integer", name));
  return value.get<int64_t>();
}

std::optional<double> optional_real(const Json& json, const char* name) {
  if (!json.contains(name)) return std::nullopt;
  return real(json, name);
}

MetricsLine parse(std::string_view text) {
  const Json json = Json::parse(text);
  MetricsLine line;
  line.evaluation = json.value("evaluation", false);
  line.step = integer(json, "step");
  line.round = integer(json, "round");
  line.test_loss = optional_real(json, "test_loss");
  line.test_accuracy = optional_real(json, "test_accuracy");
  line.wall_seconds = real(json, "wall_seconds");
  const Json& seconds = json.at("seconds");
  line.seconds.evaluation = real(seconds, "evaluation");
  if (json.contains("probe"))
    for (const auto& [name, value] : json.at("probe").items())
      line.probe[name] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  if (line.evaluation) return line;
  line.period = integer(json, "period");
  line.average = json.at("average").get<std::string>();
  line.learning_rate = real(json, "learning_rate");
  line.loss = real(json, "loss");
  line.divergence = optional_real(json, "divergence");
  line.bytes_per_worker = integer(json, "bytes_per_worker");
  if (json.contains("inner_bytes_per_worker"))
    line.inner_bytes_per_worker = integer(json, "inner_bytes_per_worker");
  line.seconds.compute = real(seconds, "compute");
  line.seconds.waiting = real(seconds, "waiting");
  line.seconds.averaging = real(seconds, "averaging");
  line.seconds.data = real(seconds, "data");
  line.samples_per_second = real(json, "samples_per_second");
  return line;
}

}  // namespace

std::string to_json(const MetricsLine& line) {
  Json json;
  if (line.evaluation) json["evaluation"] = true;
  json["step"] = line.step;
  json["round"] = line.round;
  if (line.evaluation) {
    put_evaluation(json, line);
    for (const auto& [name, value] : line.probe) json["probe"][name] = number(value);
    json["seconds"]["evaluation"] = number(line.seconds.evaluation);
    json["wall_seconds"] = number(line.wall_seconds);
    return json.dump();
  }
  json["period"] = line.period;
  json["average"] = line.average;
  json["learning_rate"] = number(line.learning_rate);
  json["loss"] = number(line.loss);
  if (line.divergence) json["divergence"] = number(*line.divergence);
  json["bytes_per_worker"] = line.bytes_per_worker;
  if (line.inner_bytes_per_worker != 0) json["inner_bytes_per_worker"] = line.inner_bytes_per_worker;
  put_evaluation(json, line);
  json["samples_per_second"] = number(line.samples_per_second);
  json["seconds"] = {{"compute", number(line.seconds.compute)},
                     {"waiting", number(line.seconds.waiting)},
                     {"averaging", number(line.seconds.averaging)},
                     {"data", number(line.seconds.data)},
                     {"evaluation", number(line.seconds.evaluation)}};
  json["wall_seconds"] = number(line.wall_seconds);
  return json.dump();
}

size_t LastSteps::kind(const MetricsLine& line) { return !line.evaluation ? 0 : line.probe.empty() ? 1 : 2; }

void LastSteps::note(const MetricsLine& line) { steps_[kind(line)] = std::max(of(line), line.step); }

MetricsFile::MetricsFile(OpenFile file, int64_t position) : file_(std::move(file)), position_(position) {}

MetricsFile MetricsFile::create(const std::string& path) { return {OpenFile(path, OpenFor::replacing), 0}; }

MetricsFile MetricsFile::reopen_at(const std::string& path, int64_t bytes) {
  if (!is_there(path))
    throw CheckpointError(
        fmt::format("'{}' is missing, but the checkpoint counts on {} bytes of it", path, bytes));
  MetricsFile file(OpenFile(path, OpenFor::extending), bytes);
  if (const int64_t found = file.file_.size(); bytes < 0 || found < bytes)
    throw CheckpointError(
        fmt::format("'{}' has {} bytes, but the checkpoint counts on {}: it was changed after the run", path,
                    found, bytes));
  file.file_.cut(bytes);
  return file;
}

void MetricsFile::write(const MetricsLine& line) {
  if (!last_.precede(line)) return;
  append(to_json(line) + "\n");
  last_.note(line);
}

void MetricsFile::append(std::string_view text) {
  try {
    file_.write(text);
  } catch (const FileError&) {
    undo_write();
    throw;
  }
  position_ += static_cast<int64_t>(text.size());
}

// Best effort: a torn line that stays is left out by readers and cut off when the run is resumed.
void MetricsFile::undo_write() {
  try {
    file_.cut(position_);
  } catch (const FileError&) {
    // Ignored: the caller throws the error of the write.
  }
}

MetricsFile MetricsFile::make(const std::string& made_at, const std::string& path, std::string_view lines) {
  MetricsFile file(OpenFile(made_at, OpenFor::replacing, path), 0);
  file.append(lines);
  for (const MetricsLine& line : parse_metrics(lines, path)) file.last_.note(line);
  file.sync();
  return file;
}

void MetricsFile::sync() { file_.flush(); }

std::vector<MetricsLine> parse_metrics(std::string_view content, const std::string& path) {
  std::vector<MetricsLine> lines;
  int64_t number_of_line = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = content.find('\n', begin);
    if (end == std::string_view::npos) break;  // torn: the writer was stopped here
    ++number_of_line;
    try {
      lines.push_back(parse(content.substr(begin, end - begin)));
    } catch (const std::exception& problem) {
      throw DataError(
          fmt::format("'{}' line {} is no line of metrics: {}", path, number_of_line, problem.what()));
    }
    begin = end + 1;
  }
  return lines;
}

std::vector<MetricsLine> read_metrics(const std::string& path) {
  return parse_metrics(read_file(path), path);
}

}  // namespace muster::inline report

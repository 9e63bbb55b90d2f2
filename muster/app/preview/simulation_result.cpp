#include "muster/app/preview/simulation_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/terminal_text.h"
#include "muster/base/format.h"
#include "muster/report/summary_file.h"
#include "muster/report/table.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t most_workers_shown = 16;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_of(const WorkerTally& worker, double seconds) {
  return {{"rounds", worker.rounds},           {"local_steps", worker.local_steps},
          {"compute_seconds", worker.compute}, {"send_seconds", worker.send},
          {"wait_seconds", worker.wait},       {"busy", seconds > 0 ? worker.compute / seconds : 0.0},
          {"rounds_lost", worker.rounds_lost}};
}

Json json_of(const MeasurementLine& line) {
  return {{"virtual_seconds", line.time},
          {"local_steps", line.local_steps},
          {"version", line.version},
          {"train_loss", number(line.train_loss)},
          {"test_loss", number(line.test_loss)},
          {"test_accuracy", number(line.test_accuracy)}};
}

void add_trained(Json& json, const TrainedResult& trained) {
  if (!trained.measurements.empty()) {
    const MeasurementLine& last = trained.measurements.back();
    json["final_train_loss"] = number(last.train_loss);
    json["final_test_loss"] = number(last.test_loss);
    json["final_test_accuracy"] = number(last.test_accuracy);
  }
  if (trained.loss_floor) json["loss_floor"] = *trained.loss_floor;
  json["evaluations"] = Json::array();
  for (const MeasurementLine& line : trained.measurements) json["evaluations"].push_back(json_of(line));
  json["dropped"] = trained.dropped;
  json["parameters"] = trained.parameters;
  json["checksum"] = trained.checksum;
  json["versions_of_programs"] = trained.versions;
}

std::string seconds_text(double seconds) { return fmt::format("{:.2f} s", seconds); }

Table measurement_table(const std::vector<MeasurementLine>& measurements) {
  Table table({{"virtual time", Align::right},
               {"local steps", Align::right},
               {"version", Align::right},
               {"training loss", Align::right},
               {"test loss", Align::right},
               {"test accuracy", Align::right}});
  for (const MeasurementLine& line : measurements)
    table.add_row({seconds_text(line.time), format_count(line.local_steps), format_count(line.version),
                   fmt::format("{:.4f}", line.train_loss), fmt::format("{:.4f}", line.test_loss),
                   fmt::format("{:.2f} %", 100 * line.test_accuracy)});
  return table;
}

Table run_table(const SimulationResult& result) {
  const SimulationTally& tally = result.tally;
  Table table({{"asynchronous run"}, {"", Align::right}});
  table.add_row({"outer step", result.configuration.async.outer});
  table.add_row({"virtual time", seconds_text(tally.seconds())});
  table.add_row({"local steps, all workers", format_count(tally.local_steps())});
  if (tally.seconds() > 0)
    table.add_row(
        {"  per second", fmt::format("{:.4g}", static_cast<double>(tally.local_steps()) / tally.seconds())});
  table.add_row({"contributions", format_count(tally.arrivals())});
  table.add_row({"versions", format_count(tally.versions())});
  table.add_row({"staleness, mean and largest",
                 fmt::format("{:.2f}, {}", tally.staleness_mean(), tally.staleness_max())});
  table.add_row({"computing, of all time", fmt::format("{:.1f} %", 100 * tally.utilisation())});
  if (tally.bytes_received() > 0) {
    table.add_row({"received by the server", format_bytes(tally.bytes_received())});
    table.add_row({"sent by the server", format_bytes(tally.bytes_sent())});
  }
  if (result.trained) {
    for (const auto& [reason, count] : result.trained->dropped)
      table.add_row({"dropped, " + reason, format_count(count)});
    if (result.trained->loss_floor)
      table.add_row({"least loss possible", fmt::format("{:.4f}", *result.trained->loss_floor)});
    table.add_row({"checksum of the final state", result.trained->checksum});
  }
  table.add_row({"time it took here", format_duration(result.wall_seconds)});
  return table;
}

Table worker_table(const SimulationTally& tally) {
  Table table({{"worker", Align::right},
               {"rounds", Align::right},
               {"local steps", Align::right},
               {"computing", Align::right},
               {"sending", Align::right},
               {"waiting", Align::right},
               {"rounds lost", Align::right}});
  const auto share = [&](double seconds) {
    return fmt::format("{:.1f} %", tally.seconds() > 0 ? 100 * seconds / tally.seconds() : 0);
  };
  const size_t count = tally.workers().size();
  for (size_t number = 0; number < count; ++number) {
    if (count > most_workers_shown && number == most_workers_shown / 2) {
      table.add_row({"..."});
      number = count - most_workers_shown / 2;
    }
    const WorkerTally& worker = tally.workers()[number];
    table.add_row({std::to_string(number), format_count(worker.rounds), format_count(worker.local_steps),
                   share(worker.compute), share(worker.send), share(worker.wait),
                   format_count(worker.rounds_lost)});
  }
  return table;
}

}  // namespace

bool SimulationResult::finished() const { return tally.local_steps() >= *configuration.run.steps; }

Error nobody_left(const SimulationResult& result) {
  std::string text = fmt::format(
      "no worker was left after {} of {} local steps: the run did not finish; see async.failures, which "
      "says "
      "who is away when",
      format_count(result.tally.local_steps()), format_count(*result.configuration.run.steps));
  if (result.folder)
    text +=
        fmt::format(", and start again in the same folder with --run.out {} --run.resume", *result.folder);
  return Error(text);
}

std::string simulation_json(const Catalogue& catalogue, const SimulationResult& result, int indent) {
  const SimulationTally& tally = result.tally;
  Json json;
  json["virtual_seconds"] = tally.seconds();
  json["local_steps"] = tally.local_steps();
  json["arrivals"] = tally.arrivals();
  json["versions"] = tally.versions();
  json["staleness_mean"] = tally.staleness_mean();
  json["staleness_max"] = tally.staleness_max();
  json["staleness"] = tally.staleness();
  json["evaluation_times"] = tally.evaluation_times();
  json["steps_per_second"] =
      tally.seconds() > 0 ? static_cast<double>(tally.local_steps()) / tally.seconds() : 0.0;
  json["computing"] = tally.utilisation();
  json["bytes_received"] = tally.bytes_received();
  json["bytes_sent"] = tally.bytes_sent();
  if (result.trained) add_trained(json, *result.trained);
  json["workers"] = Json::array();
  for (const WorkerTally& worker : tally.workers())
    json["workers"].push_back(json_of(worker, tally.seconds()));
  json["wall_seconds"] = result.wall_seconds;
  if (!result.finished()) json["finished"] = false;
  if (!result.files.empty()) json["files"] = Json::parse(digests_json(result.files));
  json["configuration"] = Json::parse(configuration_json(catalogue, result.configuration));
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string simulation_text(const SimulationResult& result) {
  std::string text;
  if (result.trained && !result.trained->measurements.empty())
    text += fitted(measurement_table(result.trained->measurements)) + "\n";
  text += fitted(run_table(result)) + "\n" + fitted(worker_table(result.tally));
  if (result.folder)
    text += result.trained ? fmt::format("The server's model is {}/model.safetensors\n", *result.folder)
                           : fmt::format("Every arrival is in {}/arrivals.jsonl\n", *result.folder);
  return text;
}

}  // namespace muster::inline app

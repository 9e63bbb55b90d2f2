#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "muster/app/commands/commands.h"
#include "muster/app/keys/catalogue.h"
#include "muster/app/options/quota_sentence.h"
#include "muster/app/options/resolve_async.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/options/toml_file.h"
#include "muster/app/preview/simulation_result.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/base/stopwatch.h"
#include "muster/checkpoint/damaged_result.h"
#include "muster/checkpoint/run_folder.h"
#include "muster/engine/chosen_folder.h"
#include "muster/engine/commands.h"
#include "muster/engine/model_file.h"
#include "muster/engine/simulated_training.h"
#include "muster/engine/versions.h"
#include "muster/report/answer.h"
#include "muster/report/progress_line.h"
#include "muster/report/summary_file.h"
#include "muster/report/whole_result.h"
#include "muster/train/stop_signal.h"

namespace muster::inline engine {

namespace {

ArrivalLine line_of(const VirtualArrival& arrival) {
  const Assignment& round = arrival.assignment;
  const RoundTimes& times = arrival.times;
  return {.worker = round.worker,
          .shard = round.shard,
          .steps = round.local_steps,
          .version = round.version,
          .staleness = arrival.staleness,
          .verdict = std::string(word_of(arrival.verdict)),
          .ready = arrival.ready_since,
          .start = times.start,
          .received = times.received,
          .computed = times.computed,
          .arrived = times.arrived,
          .loss = arrival.loss};
}

void introduce(const SimulatedTraining& training, int64_t parameters, const std::string& folder) {
  const Configuration& configuration = training.configuration();
  const AsyncSection& async = configuration.async;
  print_log("{} on {}: {} parameters, {} in virtual time on {}, batch {} each\n", configuration.task.model,
            configuration.task.name, format_count(parameters),
            plural(static_cast<size_t>(*configuration.run.workers), "worker"),
            plural(static_cast<size_t>(*configuration.run.threads), "thread"), configuration.task.batch);
  print_log("{} local steps of all workers together, {}{} in a round, of {}; outer step {}; files go to {}\n",
            format_count(*configuration.run.steps), async.dynamic_local_updates ? "at most " : "",
            async.local_steps, configuration.inner.optimizer, async.outer, folder);
  for (const std::string& line : training.task().introduction()) print_log("{}\n", line);
  if (const auto quota = quota_sentence()) print_log("{}\n", *quota);
}

/// The file with a record's final state, which a replay must reach.
std::string end_of_record(const std::string& record) { return record + ".end"; }

nlohmann::json end_json(const AsyncServer& server) {
  return {{"version", server.version()}, {"checksum", checksum_of(server.state())}};
}

/// A whole run, from its first event to its files.
class Simulation {
 public:
  Simulation(const Catalogue& catalogue, const Configuration& configuration, bool json)
      : catalogue_(catalogue), json_(json), asked_(configuration) {
    if (!asked_.run.out) asked_.run.out = first_free_folder();
    folder_.emplace(open_run_folder(*asked_.run.out, asked_.run.resume));
    if (folder_->already_finished) return;
    if (folder_->resume_from)
      throw OptionError(
          "run.out", *asked_.run.out,
          "holds the checkpoints of a training, and a simulated run has none; choose another folder");
    if (asked_.async.record) record_.emplace(*asked_.async.record, write_toml(catalogue, asked_));
    training_.emplace(catalogue, asked_, record_ ? &*record_ : nullptr);
  }

  /// Returns the exit code.
  int run() {
    const std::string& folder = folder_->path;
    if (folder_->already_finished) return show_finished();
    for (const auto& message : folder_->messages) print_log("{}\n", message);
    introduce(*training_, training_->parameters(), folder);
    write_file_atomically(
        folder + "/config.toml",
        write_toml(catalogue_, with_absolute_paths(catalogue_, training_->configuration())));
    arrivals_.emplace(folder + "/arrivals.jsonl");
    ProgressLine progress(std::cerr, progress_options(STDERR_FILENO));
    measure(0, 0);
    while (!stop_.requested()) {
      const auto arrival = training_->run().advance();
      if (!arrival) break;
      note(*arrival);
      show(progress);
    }
    progress.end();
    arrivals_->flush();
    if (stop_.requested()) return stopped();
    finish();
    return 0;
  }

 private:
  void measure(double time, int64_t local_steps) {
    measurements_.push_back(training_->measure(time, local_steps));
    arrivals_->write(measurements_.back());
  }

  void note(const VirtualArrival& arrival) {
    arrivals_->write(line_of(arrival));
    if (arrival.verdict != Verdict::counted) ++dropped_[std::string(word_of(arrival.verdict))];
    if (arrival.far_above_median) ++far_above_median_;
    loss_ = loss_ == 0 ? arrival.loss : 0.9 * loss_ + 0.1 * arrival.loss;
    const int64_t steps = training_->run().tally().local_steps();
    const bool last = steps >= *training_->configuration().run.steps;
    if (arrival.evaluations_due > 0 || last) measure(arrival.times.arrived, steps);
  }

  void show(ProgressLine& progress) {
    const SimulationTally& tally = training_->run().tally();
    const int64_t total = *training_->configuration().run.steps;
    ProgressView view;
    view.step = std::min(tally.local_steps(), total);
    view.total_steps = total;
    view.round = tally.versions();
    view.loss = loss_;
    view.accuracy = measurements_.back().test_accuracy;
    progress.show(view, watch_.seconds());
  }

  int stopped() {
    print_log("stopped after {} of {} local steps; start again with:\n  {}\n",
              format_count(training_->run().tally().local_steps()),
              format_count(*training_->configuration().run.steps), resume_command("simulate", folder_->path));
    return 128 + stop_.signal();
  }

  void finish() {
    const std::string& folder = folder_->path;
    const Configuration& configuration = training_->configuration();
    const SimulationTally& tally = training_->run().tally();
    if (measurements_.back().local_steps < tally.local_steps()) measure(tally.seconds(), tally.local_steps());
    for (const std::string& line : training_->task().findings()) print_log("{}\n", line);
    set_aside_damaged_result(*folder_);
    arrivals_->flush();
    auto files = settle_files(folder, {"arrivals.jsonl"});
    files["model.safetensors"] = write_safetensors(folder + "/model.safetensors", training_->model(),
                                                   model_metadata(catalogue_, configuration));
    AsyncServer& server = training_->server();
    if (record_) {
      record_->sync();
      write_file_atomically(end_of_record(*configuration.async.record), end_json(server).dump() + "\n");
    }
    SimulationResult result{tally, configuration, watch_.seconds(), folder};
    result.trained = TrainedResult{measurements_,
                                   dropped_,
                                   training_->parameters(),
                                   checksum_of(server.state()),
                                   training_->task().loss_floor(),
                                   versions()};
    result.files = std::move(files);
    const std::string text = write_summary(folder + "/summary.json", simulation_json(catalogue_, result, 2));
    write_output(json_ ? nlohmann::ordered_json::parse(text).dump() + "\n" : simulation_text(result));
    say_what_is_unusual();
    if (!result.finished()) throw nobody_left(result);
  }

  void say_what_is_unusual() const {
    if (far_above_median_ > 0 && training_->configuration().async.outlier == "warn")
      print_log(
          "warning: {} contributions had norms more than {:.0f} times the running median; they were counted "
          "(async.outlier = refuse would drop them)\n",
          format_count(far_above_median_), NormWatch::far);
  }

  int show_finished() const {
    for (const auto& message : folder_->messages) print_log("{}\n", message);
    if (json_)
      write_output(nlohmann::ordered_json::parse(read_file(folder_->path + "/summary.json")).dump() + "\n");
    return 0;
  }

  const Catalogue& catalogue_;
  bool json_;
  Configuration asked_;
  Stopwatch watch_;
  StopSignal stop_;
  std::optional<RunFolder> folder_;
  std::optional<EventLogWriter> record_;
  std::optional<SimulatedTraining> training_;
  std::optional<ArrivalsFile> arrivals_;
  std::vector<MeasurementLine> measurements_;
  std::map<std::string, int64_t> dropped_;
  int64_t far_above_median_ = 0;
  double loss_ = 0;
};

Configuration recorded_configuration(const Catalogue& catalogue, const EventLogReader& log,
                                     const std::string& path) {
  Configuration configuration;
  try {
    for (const FileSetting& setting : read_toml(catalogue, log.identity(), path))
      catalogue.find_key(setting.name, "").set(configuration, setting.value);
  } catch (const OptionError& error) {
    throw DataError("'" + path + "' was not recorded by this program's muster simulate: " + error.what());
  }
  fill_async(catalogue, configuration);
  return configuration;
}

int replay_record(const Catalogue& catalogue, const std::string& path, bool json) {
  EventLogReader log(path);
  SimulatedTraining training(catalogue, recorded_configuration(catalogue, log, path));
  AsyncServer& server = training.server();
  const int64_t events = replay(log, server);
  const nlohmann::json found = end_json(server);
  std::optional<nlohmann::json> recorded;
  if (std::filesystem::exists(end_of_record(path)))
    recorded = nlohmann::json::parse(read_file(end_of_record(path)), nullptr, false);
  const bool same = recorded && *recorded == found;
  if (json) {
    nlohmann::json answer = found;
    answer["events"] = events;
    answer["recorded"] = recorded.value_or(nullptr);
    answer["same"] = recorded ? nlohmann::json(same) : nlohmann::json(nullptr);
    write_output(answer.dump() + "\n");
  } else {
    print_output("{} events replayed: version {}, checksum of the state {}\n", format_count(events),
                 server.version(), found["checksum"].get<std::string>());
    print_output("{}\n", same ? "The same bits as the recorded run ended with."
                         : recorded
                             ? fmt::format("NOT what the recorded run ended with: {}", recorded->dump())
                             : "The record does not have the end of the run (it was interrupted).");
  }
  return recorded && !same ? 1 : 0;
}

}  // namespace

int run_simulate(const Catalogue& catalogue, const std::vector<std::string>& words) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a failed write like any other
  const SimulateRequest request = read_simulate_request(catalogue, words);
  const bool json = request.arguments.has("json");
  if (const auto path = request.arguments.flag("replay")) return replay_record(catalogue, *path, json);
  return Simulation(catalogue, request.configuration, json).run();
}

}  // namespace muster::inline engine

#include "muster/app/engine/serve_result.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "muster/app/configuration_json.h"
#include "muster/app/engine/model_file.h"
#include "muster/app/engine/versions.h"
#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/flat/flat_buffer.h"
#include "muster/flat/kernel_threads.h"
#include "muster/report/summary_file.h"
#include "muster/report/table.h"
#include "muster/train/averaged_model.h"
#include "muster/train/safetensors.h"

namespace muster {

namespace {

using nlohmann::json;

/// Behind the last whole line of a server that was killed.
MetricsFile open_metrics(const std::string& path) {
  if (!std::filesystem::exists(path)) return MetricsFile::create(path);
  const std::string content = read_file(path);
  const size_t end = content.rfind('\n');
  return MetricsFile::reopen_at(path, end == std::string::npos ? 0 : static_cast<int64_t>(end) + 1);
}

EvaluationOptions evaluation_options(const Configuration& configuration) {
  return {.batch = configuration.evaluation.batch,
          .workers = *configuration.async.shards,
          .hosted_workers = *configuration.async.shards,
          .statistics_batches = configuration.evaluation.statistics_batches};
}

Summary summary_of(const ServedTraining& training, const TrainingDesk::Present& present, double loss,
                   double accuracy) {
  const Configuration& configuration = training.configuration();
  Summary summary;
  summary.steps = present.local_steps;
  summary.rounds = present.version;
  summary.communication =
      static_cast<double>(present.version) / static_cast<double>(std::max<int64_t>(1, present.local_steps));
  summary.final_test_loss = loss;
  summary.final_test_accuracy = accuracy;
  summary.loss_floor = training.task().loss_floor();
  summary.parameters = training.parameters().size();
  summary.workers = *configuration.run.workers;
  summary.threads = *configuration.run.threads;
  summary.seconds.total = present.seconds;
  summary.samples_per_second =
      static_cast<double>(present.local_steps * configuration.task.batch) / std::max(1e-9, present.seconds);
  summary.versions = versions();
  summary.configuration = configuration_json(configuration);
  return summary;
}

json async_part(const TrainingDesk::Present& present, const ServerStatus& status) {
  return {{"versions", present.version},
          {"local_steps", present.local_steps},
          {"seconds", present.seconds},
          {"staleness_mean", present.counts.staleness_mean()},
          {"staleness_max", present.counts.staleness_max},
          {"joined", present.counts.joined},
          {"left", present.counts.left},
          {"train_loss", status.loss},
          {"counts", status.counts},
          {"digest", digest_of(present.parameters)}};
}

void print_result(const Summary& summary, const TrainingDesk::Present& present, const std::string& folder) {
  Table table({{"result"}, {"", Align::right}});
  table.add_row({"test accuracy", fmt::format("{:.2f} %", 100 * summary.final_test_accuracy.value_or(0))});
  table.add_row({"test loss", fmt::format("{:.4f}", summary.final_test_loss.value_or(0))});
  table.add_row({"local steps", format_count(present.local_steps)});
  table.add_row({"versions", format_count(present.version)});
  table.add_row({"staleness, mean", fmt::format("{:.2f}", present.counts.staleness_mean())});
  table.add_row({"staleness, most", format_count(present.counts.staleness_max)});
  table.add_row({"time", format_duration(present.seconds)});
  fmt::print("{}The model is {}/model.safetensors\n", table.text(), folder);
}

}  // namespace

std::string digest_of(const at::Tensor& vector) {
  Checksum checksum;
  checksum.add(vector.data_ptr(), vector.nbytes());
  return fmt::format("{:016x}", checksum.value());
}

ServeResult::ServeResult(const ServedTraining& training, std::string folder)
    : training_(training),
      folder_(std::move(folder)),
      pool_(1, use_single_threaded_kernels_here),
      averager_(alone_, pool_),
      evaluation_(training.task(), training.sampler(), averager_,
                  evaluation_options(training.configuration())),
      metrics_(open_metrics(folder_ + "/metrics.jsonl")),
      arrivals_(ArrivalsFile::go_on_with(folder_ + "/arrivals.jsonl")) {
  const ArrivalHistory before = read_arrivals(folder_ + "/arrivals.jsonl");
  if (!before.arrivals.empty()) noted_until_ = before.arrivals.back().arrived;
}

void ServeResult::note(TrainingDesk& desk) {
  const auto ended = desk.take_ended_rounds();
  for (const ArrivalLine& line : ended)
    if (line.arrived > noted_until_) arrivals_.write(line);
  if (!ended.empty()) arrivals_.flush();
}

void ServeResult::write_measurement(const TrainingDesk::Present& present, const Measured& measured) {
  arrivals_.write(MeasurementLine{.time = present.seconds,
                                  .local_steps = present.local_steps,
                                  .version = present.version,
                                  .train_loss = std::numeric_limits<double>::quiet_NaN(),
                                  .test_loss = measured.loss,
                                  .test_accuracy = measured.accuracy});
}

ServeResult::Measured ServeResult::measure(const TrainingDesk::Present& present) {
  Measured measured;
  measured.buffers = flat_vector(evaluation_.buffers().size(), evaluation_.type());
  evaluation_.estimate_statistics(present.parameters, measured.buffers);
  const Score score = evaluation_.score(present.parameters, measured.buffers);
  measured.loss = score.loss / static_cast<double>(score.samples);
  measured.accuracy = static_cast<double>(score.correct) / static_cast<double>(score.samples);
  return measured;
}

void ServeResult::evaluate(const TrainingDesk::Present& present) {
  const Measured measured = measure(present);
  MetricsLine line;
  line.evaluation = true;
  line.step = present.local_steps;
  line.round = present.version;
  line.test_loss = measured.loss;
  line.test_accuracy = measured.accuracy;
  line.wall_seconds = present.seconds;
  metrics_.write(line);
  write_measurement(present, measured);
  print_log("version {}, {} local steps: test loss {:.4f}, accuracy {:.2f} %\n",
            format_count(present.version), format_count(present.local_steps), measured.loss,
            100 * measured.accuracy);
}

void ServeResult::write(TrainingDesk& desk, bool as_json) {
  note(desk);
  const auto present = desk.present();
  const Measured measured = measure(present);
  write_measurement(present, measured);
  write_safetensors(
      folder_ + "/model.safetensors",
      named_tensors(training_.parameters(), present.parameters, training_.buffers(), measured.buffers),
      model_metadata(training_.configuration()));
  const Summary summary = summary_of(training_, present, measured.loss, measured.accuracy);
  json whole = json::parse(to_json(summary));
  whole["async"] = async_part(present, desk.status());
  write_file_atomically(folder_ + "/summary.json", whole.dump(2) + "\n");
  if (as_json)
    fmt::print("{}\n", whole.dump());
  else
    print_result(summary, present, folder_);
}

int replay_served(const ServedTraining& training, bool as_json) {
  const auto& folder = training.configuration().run.out;
  if (!folder) throw OptionError("run.out", "(not given)", "name the folder of the run to replay");
  const WholeRecord record = whole_record(*folder);
  AsyncServer server = training.make_server();
  server.restore(record.beginning.part_of("server"));
  json counted = json::array();
  int64_t events = 0;
  for (const std::string& path : record.logs) {
    EventLogReader log(path);
    for (; const auto event = log.next(); ++events) {
      server.apply(*event);
      if (const auto* one = std::get_if<Contribution>(&*event))
        counted.push_back({one->worker, one->sequence, one->version});
    }
  }
  const std::string digest = digest_of(server.parameters()), summary = *folder + "/summary.json";
  const bool finished = std::filesystem::exists(summary);
  const json expected = finished ? json::parse(read_file(summary)).at("async").at("digest") : json(digest);
  if (as_json) {
    fmt::print("{}\n", json{{"events", events},
                            {"versions", server.version()},
                            {"digest", digest},
                            {"same", expected == digest},
                            {"contributions", counted}}
                           .dump());
  } else {
    fmt::print("{} events lead to version {}, digest {}\n", format_count(events),
               format_count(server.version()), digest);
    if (finished) fmt::print("the server ended with {} bits\n", expected == digest ? "the same" : "other");
  }
  return expected == digest ? 0 : 1;
}

}  // namespace muster

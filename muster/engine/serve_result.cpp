#include "muster/engine/serve_result.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/terminal_text.h"
#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/engine/model_file.h"
#include "muster/engine/versions.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/report/summary_file.h"
#include "muster/report/table.h"
#include "muster/report/whole_result.h"

namespace muster::inline engine {

namespace {

using nlohmann::json;

bool is_measurement(std::string_view line, int64_t after, int64_t until, int64_t& step) {
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("step") || !parsed["step"].is_number_integer()) return false;
  step = parsed["step"].get<int64_t>();
  return step > after && step <= until;
}

/// Opens the file behind its last whole line (the server may have been killed). Lines that are not valid, or
/// are later than the server's state, are left out, and the original file is set aside.
MetricsFile open_metrics(const std::string& path, int64_t last_step) {
  if (!std::filesystem::exists(path)) return MetricsFile::create(path);
  const std::string content = read_file(path);
  std::string kept;
  size_t whole = 0, left_out = 0;
  for (int64_t step = 0, last = -1; whole < content.size();) {
    const size_t end = content.find('\n', whole);
    if (end == std::string::npos) break;  // cut off in writing
    const std::string_view line = std::string_view(content).substr(whole, end - whole);
    whole = end + 1;
    if (!is_measurement(line, last, last_step, step)) {
      ++left_out;
      continue;
    }
    last = step;
    kept.append(line).push_back('\n');
  }
  if (left_out > 0) {
    write_file_atomically(path + ".set-aside", content);
    write_file_atomically(path, kept);
    print_log("'{}': left out {} damaged or repeated lines; the file as it was is '{}.set-aside'\n", path,
              left_out, path);
  }
  return MetricsFile::reopen_at(path, static_cast<int64_t>(kept.size()));
}

/// Leaves out of the arrivals lines that are not valid or later than the server's state; returns the time of
/// the last arrival.
double mend(const std::string& path, Coordinator& coordinator) {
  const Coordinator::Present present = coordinator.present();
  const MendedArrivals mended = mend_arrivals(path, present.seconds, present.version);
  if (!mended.note.empty()) print_log("{}\n", mended.note);
  return mended.last_arrived;
}

EvaluationOptions evaluation_options(const Configuration& configuration) {
  return {.batch = configuration.evaluation.batch,
          .workers = *configuration.async.shards,
          .hosted_workers = *configuration.async.shards,
          .statistics_batches = configuration.evaluation.statistics_batches};
}

Summary summary_of(const ServedTraining& training, const Coordinator::Present& present, double loss,
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
  summary.configuration = configuration_json(training.catalogue(), configuration);
  return summary;
}

json async_part(const Coordinator::Present& present, const ServerStatus& status) {
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

void print_result(const Summary& summary, const Coordinator::Present& present, const std::string& folder) {
  Table table({{"result"}, {"", Align::right}});
  table.add_row({"test accuracy", fmt::format("{:.2f} %", 100 * summary.final_test_accuracy.value_or(0))});
  table.add_row({"test loss", fmt::format("{:.4f}", summary.final_test_loss.value_or(0))});
  table.add_row({"local steps", format_count(present.local_steps)});
  table.add_row({"versions", format_count(present.version)});
  table.add_row({"staleness, mean", fmt::format("{:.2f}", present.counts.staleness_mean())});
  table.add_row({"staleness, most", format_count(present.counts.staleness_max)});
  table.add_row({"time", format_duration(present.seconds)});
  print_output("{}The model is {}/model.safetensors\n", fitted(table), folder);
}

}  // namespace

std::string digest_of(const Vector& vector) {
  Checksum checksum;
  checksum.add(vector.host(), vector.bytes());
  return fmt::format("{:016x}", checksum.value());
}

ServeResult::ServeResult(const ServedTraining& training, std::string folder, Coordinator& coordinator)
    : training_(training),
      folder_(std::move(folder)),
      pool_(1, use_single_threaded_kernels_here),
      averager_(alone_, pool_),
      evaluation_(training.task(), training.sampler(), averager_,
                  evaluation_options(training.configuration())),
      noted_until_(mend(folder_ + "/arrivals.jsonl", coordinator)),
      metrics_(open_metrics(folder_ + "/metrics.jsonl", coordinator.local_steps())),
      arrivals_(ArrivalsFile::go_on_with(folder_ + "/arrivals.jsonl")) {
  if (!arrivals_.note().empty()) print_log("{}\n", arrivals_.note());
}

void ServeResult::note(Coordinator& coordinator) {
  const auto ended = coordinator.take_ended_rounds();
  for (const ArrivalLine& line : ended)
    if (line.arrived > noted_until_) arrivals_.write(line);
  if (!ended.empty()) arrivals_.flush();
}

void ServeResult::write_measurement(const Coordinator::Present& present, const Measured& measured) {
  arrivals_.write(MeasurementLine{.time = present.seconds,
                                  .local_steps = present.local_steps,
                                  .version = present.version,
                                  .train_loss = std::numeric_limits<double>::quiet_NaN(),
                                  .test_loss = measured.loss,
                                  .test_accuracy = measured.accuracy});
}

ServeResult::Measured ServeResult::measure(const Coordinator::Present& present) {
  Measured measured;
  measured.buffers = flat_vector(evaluation_.buffers().size(), evaluation_.type());
  evaluation_.estimate_statistics(present.parameters, measured.buffers);
  const Score score = evaluation_.score(present.parameters, measured.buffers);
  measured.loss = score.loss / static_cast<double>(score.samples);
  measured.accuracy = static_cast<double>(score.correct) / static_cast<double>(score.samples);
  return measured;
}

void ServeResult::evaluate(const Coordinator::Present& present) {
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

void ServeResult::write(Coordinator& coordinator, bool as_json) {
  note(coordinator);
  const auto present = coordinator.present();
  const Measured measured = measure(present);
  write_measurement(present, measured);
  arrivals_.flush();
  write_safetensors(
      folder_ + "/model.safetensors",
      named_tensors(training_.parameters(), present.parameters, training_.buffers(), measured.buffers),
      model_metadata(training_.catalogue(), training_.configuration()));
  Summary summary = summary_of(training_, present, measured.loss, measured.accuracy);
  summary.files = settle_files(folder_, {"model.safetensors", "metrics.jsonl", "arrivals.jsonl"});
  json whole = json::parse(to_json(summary));
  whole["async"] = async_part(present, coordinator.status());
  write_summary(folder_ + "/summary.json", whole.dump(2));
  if (as_json)
    write_output(whole.dump() + "\n");
  else
    print_result(summary, present, folder_);
}

int replay_served(const ServedTraining& training, bool recover, bool as_json) {
  const auto& folder = training.configuration().run.out;
  if (!folder) throw OptionError("run.out", "(not given)", "name the folder of the run to replay");
  const auto history = ServerHistory::from_beginning(ServerFileNames(*folder), to_text(training.identity()),
                                                     recover ? Recovery::drop_damaged : Recovery::strict);
  AsyncServer server = training.make_server();
  server.restore(history->snapshot().part_of("server"));
  json counted = json::array();
  int64_t events = 0;
  for (; const auto event = history->next(); ++events) {
    server.apply(*event);
    if (const auto* one = std::get_if<Contribution>(&*event))
      counted.push_back({one->worker, one->sequence, one->version});
  }
  for (const std::string& message : history->messages()) print_log("{}\n", message);
  const std::string digest = digest_of(server.parameters()), summary = *folder + "/summary.json";
  const bool finished = std::filesystem::exists(summary);
  const json expected = finished ? json::parse(read_file(summary)).at("async").at("digest") : json(digest);
  if (as_json) {
    write_output(json{{"events", events},
                      {"versions", server.version()},
                      {"digest", digest},
                      {"same", expected == digest},
                      {"contributions", counted}}
                     .dump() +
                 "\n");
  } else {
    print_output("{} events lead to version {}, digest {}\n", format_count(events),
                 format_count(server.version()), digest);
    if (finished) print_output("the server ended with {} bits\n", expected == digest ? "the same" : "other");
  }
  return expected == digest ? 0 : 1;
}

}  // namespace muster::inline engine

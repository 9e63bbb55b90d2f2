#include "muster/engine/run_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/terminal_text.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/base/host_name.h"
#include "muster/base/output.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/engine/model_file.h"
#include "muster/engine/versions.h"
#include "muster/report/metrics_gaps.h"
#include "muster/report/table.h"
#include "muster/report/whole_result.h"

namespace muster::inline engine {

namespace {

std::string text_of(const FileDigest& digest) {
  return fmt::format("{:016x}, {} bytes", digest.checksum, digest.bytes);
}

/// The excess of the test loss over its least possible value, in percent.
double excess_percent(const Summary& summary) {
  return 100 * (summary.final_test_loss.value_or(0) / *summary.loss_floor - 1);
}

void print_result(const Summary& summary, const std::string& folder) {
  const SummarySeconds& s = summary.seconds;
  const auto share = [&](double seconds) {
    return fmt::format("{} ({:.1f} %)", format_duration(seconds), 100 * seconds / std::max(1e-9, s.total));
  };
  Table table({{"result"}, {"", Align::right}});
  table.add_row({"test accuracy", fmt::format("{:.2f} %", 100 * summary.final_test_accuracy.value_or(0))});
  table.add_row({"test loss", fmt::format("{:.4f}", summary.final_test_loss.value_or(0))});
  if (summary.loss_floor)
    table.add_row({"least loss possible",
                   fmt::format("{:.4f} ({:+.2f} %)", *summary.loss_floor, excess_percent(summary))});
  table.add_row({"training loss, last epoch", fmt::format("{:.4f}", summary.final_train_loss)});
  table.add_row({"steps", format_count(summary.steps)});
  table.add_row({"rounds", fmt::format("{} ({:.2f} % of the steps)", format_count(summary.rounds),
                                       100 * summary.communication)});
  table.add_row({"sent by a worker", format_bytes(static_cast<double>(summary.bytes_per_worker))});
  if (summary.inner_bytes_per_worker > 0)
    table.add_row({"  within its group", format_bytes(static_cast<double>(summary.inner_bytes_per_worker))});
  if (summary.divergence) table.add_row({"divergence, last meeting", format_number(*summary.divergence, 4)});
  if (summary.skipped_samples > 0)
    table.add_row({"broken files left out", format_count(summary.skipped_samples)});
  table.add_row({"speed", fmt::format("{:.0f} samples/s", summary.samples_per_second)});
  table.add_row({"time", format_duration(s.total)});
  table.add_row({"  compute", share(s.compute)});
  table.add_row({"  waiting", share(s.waiting)});
  table.add_row({"  averaging", share(s.averaging)});
  table.add_row({"  data", share(s.data)});
  table.add_row({"  evaluation", share(s.evaluation)});
  table.add_row({"  checkpoints", share(s.checkpoint)});
  print_output("{}", fitted(table));
  print_output("The averaged model is {}/model.safetensors\n", folder);
}

}  // namespace

Summary summarise(const Training& training, const RunRecord& record) {
  Summary summary;
  summary.steps = training.length().steps;
  summary.rounds = record.rounds;
  summary.communication = static_cast<double>(record.rounds) / static_cast<double>(summary.steps);
  if (record.evaluated) {
    summary.final_test_accuracy = record.evaluated->accuracy;
    summary.final_test_loss = record.evaluated->loss;
  }
  summary.loss_floor = training.task().loss_floor();
  summary.skipped_samples = training.task().skipped_samples();
  summary.final_train_loss =
      record.last_epoch_loss_sum / static_cast<double>(std::max<int64_t>(1, record.last_epoch_steps));
  summary.bytes_per_worker = record.bytes_per_worker;
  summary.inner_bytes_per_worker = record.inner_bytes_per_worker;
  summary.divergence = record.last_divergence;
  const TimeByPart& spent = record.seconds;
  summary.seconds = {spent.compute,
                     spent.waiting,
                     spent.averaging,
                     spent.data,
                     record.evaluation_seconds,
                     record.checkpoint_seconds,
                     record.total_seconds};
  summary.workers = *training.configuration().run.workers;
  summary.threads = *training.configuration().run.threads;
  const double training_seconds = spent.compute + spent.waiting + spent.averaging + spent.data;
  if (training_seconds > 0)
    summary.samples_per_second =
        static_cast<double>(summary.steps * summary.workers * training.configuration().task.batch) /
        training_seconds;
  summary.parameters = training.parameters();
  summary.versions = versions();
  summary.configuration = configuration_json(training.catalogue(), training.configuration());
  return summary;
}

DurableResult write_result(const Training& training, RunFilesHere& files, const NamedTensors& model,
                           Summary& summary, std::string& at) {
  const Staging& staging = files.staging();
  const std::string& folder = files.folder().path;
  at = "metrics.jsonl";
  files.sync();
  summary.metrics_gaps = metrics_gaps(read_metrics(folder + "/metrics.jsonl"));
  summary.files = settle_files(folder, {"metrics.jsonl"});
  at = "model.safetensors";
  const FileDigest digest = write_safetensors(staging.path_of("model.safetensors"), model,
                                              model_metadata(training.catalogue(), training.configuration()));
  summary.files["model.safetensors"] = digest;
  staging.publish("model.safetensors");
  at = "summary.json";
  write_summary(staging.path_of("summary.json"), summary);
  staging.publish("summary.json");
  return {host_name(), folder, text_of(digest), text_of(digest_of_file(folder + "/summary.json"))};
}

DurableResult found_result(const std::string& folder) {
  return {host_name(), folder, text_of(digest_of_file(folder + "/model.safetensors")),
          text_of(digest_of_file(folder + "/summary.json"))};
}

void show_result(const Summary& summary, const std::string& folder, bool json) {
  if (json)
    write_output(nlohmann::ordered_json::parse(summary_text(summary)).dump() + "\n");
  else
    print_result(summary, folder);
}

}  // namespace muster::inline engine

#include "muster/report/summary_file.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/sealed_json.h"

namespace muster::inline report {

namespace {

using Json = nlohmann::ordered_json;

Json number(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

}  // namespace

std::string to_json(const Summary& summary, int indent) {
  const Json configuration = Json::parse(summary.configuration, nullptr, false);
  invariant(configuration.is_object(), "the configuration of a summary must be a JSON object");
  Json json;
  json["steps"] = summary.steps;
  json["rounds"] = summary.rounds;
  json["communication"] = number(summary.communication);
  json["final_test_accuracy"] = number(summary.final_test_accuracy);
  json["final_test_loss"] = number(summary.final_test_loss);
  json["loss_floor"] = number(summary.loss_floor);
  json["final_train_loss"] = number(summary.final_train_loss);
  json["bytes_per_worker"] = summary.bytes_per_worker;
  if (summary.inner_bytes_per_worker != 0) json["inner_bytes_per_worker"] = summary.inner_bytes_per_worker;
  json["divergence"] = number(summary.divergence);
  json["samples_per_second"] = number(summary.samples_per_second);
  json["parameters"] = summary.parameters;
  json["skipped_samples"] = summary.skipped_samples;
  json["workers"] = summary.workers;
  json["threads"] = summary.threads;
  json["seconds"] = {{"compute", number(summary.seconds.compute)},
                     {"waiting", number(summary.seconds.waiting)},
                     {"averaging", number(summary.seconds.averaging)},
                     {"data", number(summary.seconds.data)},
                     {"evaluation", number(summary.seconds.evaluation)},
                     {"checkpoint", number(summary.seconds.checkpoint)},
                     {"total", number(summary.seconds.total)}};
  for (const MetricsGap& gap : summary.metrics_gaps)
    json["metrics_gaps"].push_back(
        {{"after_step", gap.after_step}, {"before_step", gap.before_step}, {"rounds", gap.rounds}});
  json["versions"] = Json::object();
  for (const auto& [name, version] : summary.versions) json["versions"][name] = version;
  if (!summary.files.empty()) json["files"] = Json::parse(digests_json(summary.files));
  json["configuration"] = configuration;
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string digests_json(const std::map<std::string, FileDigest>& files) {
  Json json = Json::object();
  for (const auto& [name, digest] : files)
    json[name] = {{"bytes", digest.bytes}, {"xxh64", fmt::format("{:016x}", digest.checksum)}};
  return json.dump();
}

std::string summary_text(const Summary& summary) {
  return sealed(to_json(summary) + "\n", summary_checksum_key);
}

std::string write_summary(const std::string& path, const Summary& summary) {
  return write_summary(path, to_json(summary));
}

std::string write_summary(const std::string& path, const std::string& object) {
  std::string text = sealed(object + "\n", summary_checksum_key);
  write_file_atomically(path, text);
  return text;
}

}  // namespace muster::inline report

#include "muster/serve/status.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/base/format.h"
#include "muster/report/table.h"

namespace muster::inline serve {

namespace {

using nlohmann::json;

json number(double value) { return std::isfinite(value) ? json(value) : json(); }

std::string per_second(double steps) { return steps > 0 ? format_number(steps, 3) : "?"; }

std::vector<std::string> row_of(const WorkerStatus& worker) {
  const bool computes = worker.round_steps > 0;
  return {std::to_string(worker.worker),
          worker.name.empty() ? "?" : worker.name,
          worker.doing,
          computes ? fmt::format("{}/{}", worker.steps_done, worker.round_steps) : "",
          per_second(worker.steps_per_second),
          format_count(worker.version),
          format_count(worker.last_staleness),
          worker.counted > 0 ? format_number(worker.last_loss, 4) : "",
          format_count(worker.counted),
          format_count(worker.dropped),
          format_bytes(static_cast<double>(worker.bytes_in)),
          format_bytes(static_cast<double>(worker.bytes_out)),
          fmt::format("{:.0f} s", worker.silent_seconds)};
}

json json_of(const WorkerStatus& worker) {
  return {{"worker", worker.worker},
          {"name", worker.name},
          {"doing", worker.doing},
          {"round_steps", worker.round_steps},
          {"steps_done", worker.steps_done},
          {"version", worker.version},
          {"steps_per_second", number(worker.steps_per_second)},
          {"counted", worker.counted},
          {"dropped", worker.dropped},
          {"last_staleness", worker.last_staleness},
          {"last_loss", number(worker.last_loss)},
          {"bytes_in", worker.bytes_in},
          {"bytes_out", worker.bytes_out},
          {"silent_seconds", number(worker.silent_seconds)}};
}

}  // namespace

std::string status_text(const ServerStatus& status) {
  std::string text = fmt::format(
      "version {}, {} of {} local steps, loss {}, staleness {:.2f} in the mean and at most {}; {} in, {} "
      "out; {}{}\n",
      format_count(status.version), format_count(status.local_steps), format_count(status.total_steps),
      format_number(status.loss, 5), status.staleness_mean, status.staleness_max,
      format_bytes(static_cast<double>(status.bytes_in)), format_bytes(static_cast<double>(status.bytes_out)),
      format_duration(status.running_seconds), status.finished ? "; finished" : "");
  std::string counts;
  for (const auto& [what, count] : status.counts)
    if (count > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", what, format_count(count));
  if (!counts.empty()) text += counts + "\n";
  using enum Align;
  Table table({{"worker", right},
               {"name"},
               {"doing"},
               {"steps", right},
               {"steps/s", right},
               {"from", right},
               {"stale", right},
               {"loss", right},
               {"counted", right},
               {"dropped", right},
               {"in", right},
               {"out", right},
               {"silent", right}});
  for (const auto& worker : status.workers) table.add_row(row_of(worker));
  return text + table.text();
}

std::string status_json(const ServerStatus& status) {
  json workers = json::array();
  for (const auto& worker : status.workers) workers.push_back(json_of(worker));
  return json{{"running_seconds", number(status.running_seconds)},
              {"finished", status.finished},
              {"versions", status.version},
              {"local_steps", status.local_steps},
              {"total_steps", status.total_steps},
              {"loss", number(status.loss)},
              {"staleness_mean", number(status.staleness_mean)},
              {"staleness_max", status.staleness_max},
              {"bytes_in", status.bytes_in},
              {"bytes_out", status.bytes_out},
              {"counts", status.counts},
              {"workers", workers}}
      .dump();
}

}  // namespace muster::inline serve

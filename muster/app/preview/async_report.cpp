#include "muster/app/preview/async_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "muster/app/keys/configuration_json.h"
#include "muster/app/options/resolve.h"
#include "muster/app/preview/page_time.h"
#include "muster/base/file.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;

// A server keeps snapshots in its folder, a simulation does not.
bool was_served(const fs::path& folder) {
  std::error_code ignored;  // a folder that cannot be read shows no snapshot
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    if (ignored) return false;
    if (entry->path().filename().string().starts_with("snapshot-")) return true;
  }
  return false;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace

bool is_async_run(const fs::path& folder) { return is_there((folder / "arrivals.jsonl").string()); }

AsyncReportInput read_async_runs(const Catalogue& catalogue, const std::vector<fs::path>& folders) {
  AsyncReportInput input;
  std::multiset<std::string> names;
  for (const fs::path& folder : folders)
    names.insert(fs::absolute(folder).lexically_normal().filename().string());
  std::vector<std::string> titles;
  for (const fs::path& folder : folders) {
    AsyncRun run;
    run.name = fs::absolute(folder).lexically_normal().filename().string();
    if (names.count(run.name) > 1) run.name = folder.string();
    run.history = read_arrivals((folder / "arrivals.jsonl").string());
    const fs::path file = folder / "config.toml";
    if (is_there(file.string())) {
      const bool served = was_served(folder);
      const Scope scope = served ? Scope::serving : Scope::simulation;
      run.configuration = flat_configuration(
          configuration_json(catalogue, resolve(catalogue, file.string(), {}, scope)), file.string());
      input.commands.push_back(fmt::format("muster {} {} --run.out NEW_FOLDER", served ? "serve" : "simulate",
                                           shell_quoted(file.string())));
    }
    titles.push_back(run.name);
    input.runs.push_back(std::move(run));
  }
  input.title = titles.size() > 6 ? fmt::format("{} asynchronous runs compared", titles.size())
                                  : fmt::format("Asynchronous {} {}", titles.size() > 1 ? "runs" : "run",
                                                fmt::join(titles, ", "));
  input.written = time_now();
  return input;
}

std::string async_report_json(const std::vector<AsyncRun>& runs) {
  Json all = Json::array();
  for (const AsyncRun& run : runs) {
    const AsyncTotals totals = totals_of(run.history);
    Json one = {{"name", run.name},
                {"seconds", totals.seconds},
                {"workers", totals.workers},
                {"local_steps", totals.local_steps},
                {"versions", totals.versions},
                {"staleness_mean", totals.staleness_mean},
                {"staleness_max", totals.staleness_max},
                {"computing", totals.computing},
                {"dropped", totals.dropped}};
    if (!run.history.measurements.empty()) {
      const MeasurementLine& last = run.history.measurements.back();
      one["final_train_loss"] = number(last.train_loss);
      one["final_test_loss"] = number(last.test_loss);
      one["final_test_accuracy"] = number(last.test_accuracy);
    }
    all.push_back(std::move(one));
  }
  return Json{{"runs", all}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster::inline app

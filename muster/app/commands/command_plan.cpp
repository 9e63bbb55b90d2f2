#include <fmt/format.h>

#include <filesystem>

#include "muster/app/commands/commands.h"
#include "muster/app/planner/plan_probe.h"
#include "muster/app/planner/plan_result.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/log.h"
#include "muster/base/output.h"

namespace muster::inline app {

namespace {

void write_plan(const Catalogue& catalogue, const std::string& folder, const PlanResult& plan) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) throw FileError(fmt::format("cannot make the folder '{}': {}", folder, problem.message()));
  write_file_atomically(folder + "/plan.json", plan_json(plan, 2) + "\n");
  write_file_atomically(folder + "/report.html", plan_page(plan));
  write_file_atomically(folder + "/recommended.toml", recommended_toml(catalogue, plan));
}

}  // namespace

int plan_command(const Catalogue& catalogue, const std::vector<std::string>& words) {
  PlanRequest request = read_plan_request(catalogue, words);
  if (request.help) {
    write_output(help_text(catalogue, plan_help()));
    return 0;
  }
  if (!request.unused.empty()) print_log("{}\n", request.unused);
  std::optional<PlanMeasurement> measurement;
  if (request.probe) measurement = probe_here(request);
  if (request.run) measurement = measure_run(*request.run);
  if (measurement) request.configuration.run.workers = measurement->workers;
  const PlanResult plan = make_plan(catalogue, request, plan_basis(catalogue, request, measurement));
  if (request.out) write_plan(catalogue, *request.out, plan);
  write_output(request.json ? plan_json(plan, -1) + "\n" : printable(plan_text(plan), "\n\t"));
  if (request.out && !request.json)
    print_log("\nThe page is {0}/report.html, the configuration {0}/recommended.toml\n", *request.out);
  return 0;
}

}  // namespace muster::inline app

#include "muster/rendezvous/slurm_step.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "muster/base/error.h"
#include "muster/rendezvous/slurm_nodes.h"

namespace muster::inline rendezvous {

namespace {

/// Steps from here on are not srun's: the batch script, interactive and external ones.
constexpr int64_t first_special_step = 0xfffffff0;

const char* step_variable(const LauncherVariables& variables) {
  return variables.first_of({"SLURM_STEP_ID", "SLURM_STEPID"});
}

int64_t step_number(const LauncherVariables& variables) {
  const char* const name = step_variable(variables);
  return variables.number(name, 0, std::numeric_limits<uint32_t>::max(), "must be the number of a job step")
      .value();
}

int local_size(const LauncherVariables& variables, const Place& place, int local_rank) {
  int tasks = 0;
  if (const char* const counts = variables.first_of({"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"})) {
    const auto node = variables.number("SLURM_NODEID", 0, std::numeric_limits<int>::max(),
                                       "must be the number of this node in the step");
    tasks = slurm_tasks_of_node(counts, variables.text(counts).value(), node.value_or(0));
  } else if (const auto each = variables.size("SLURM_NTASKS_PER_NODE")) {
    tasks = *each;
  }
  return std::min(std::max(tasks, local_rank + 1), place.size);
}

}  // namespace

std::string first_slurm_node(const char* name, const std::string& list) {
  const auto nodes = slurm_nodes(list);
  if (!nodes) refuse_variable(name, list, "must be a list of nodes such as node[01-04,7],other3");
  return nodes->front();
}

int slurm_tasks_of_node(const char* name, const std::string& counts, int64_t node) {
  const char* const remedy = "must give the tasks of every node, such as 2(x3),1";
  const char* at = counts.data();
  const char* const end = at + counts.size();
  const auto take = [&](int64_t& number) {
    const auto [behind, problem] = std::from_chars(at, end, number);
    if (problem != std::errc() || number < 1 || number > std::numeric_limits<int>::max())
      refuse_variable(name, counts, remedy);
    at = behind;
  };
  const auto skip = [&](std::string_view text) {
    const bool there = std::string_view(at, static_cast<size_t>(end - at)).starts_with(text);
    if (there) at += text.size();
    return there;
  };
  while (true) {
    int64_t tasks = 0;
    int64_t nodes = 1;
    take(tasks);
    if (skip("(x")) {
      take(nodes);
      if (!skip(")")) refuse_variable(name, counts, remedy);
    }
    if (node < nodes) return static_cast<int>(tasks);
    node -= nodes;
    if (!skip(",")) refuse_variable(name, counts, "must give the tasks of every node; it ends too early");
  }
}

bool in_slurm_step(const LauncherVariables& variables) {
  return variables.has("SLURM_PROCID") && step_variable(variables) != nullptr &&
         step_number(variables) < first_special_step;
}

Place slurm_place(const LauncherVariables& variables) {
  const char* const size_name = variables.first_of({"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"});
  if (size_name == nullptr) miss_variable("SLURM_NTASKS", "must be the number of tasks of the step");
  Place place{.size = *variables.size(size_name), .launcher = "Slurm"};
  place.rank = variables.rank("SLURM_PROCID", place.size);
  if (variables.has("SLURM_LOCALID")) place.local_rank = variables.rank("SLURM_LOCALID", place.size);
  place.local_size = local_size(variables, place, place.local_rank);

  if (place.local_size == place.size)
    place.store_address = "127.0.0.1";
  else if (const char* const nodes =
               variables.first_of({"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"}))
    place.store_address = first_slurm_node(nodes, variables.text(nodes).value());
  if (const char* const job_name = variables.first_of({"SLURM_JOB_ID", "SLURM_JOBID"})) {
    const int64_t job =
        variables.number(job_name, 0, std::numeric_limits<uint32_t>::max(), "must be the number of the job")
            .value();
    constexpr int64_t ports = 10000;
    place.store_port = static_cast<int>(20000 + (job + step_number(variables)) % ports);
  }
  return place;
}

}  // namespace muster::inline rendezvous

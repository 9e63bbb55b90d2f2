#include "muster/comm/join_group.h"

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include "muster/base/error.h"
#include "muster/comm/solo.h"

namespace muster {

namespace {

/// The number of processes that a launcher's variable tells; 1 where it is not set.
int64_t processes(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return 1;
  const std::string_view digits(text);
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem != std::errc() || end != digits.data() + digits.size() || number < 1)
    throw Error("the environment variable " + std::string(variable) + " = '" + text +
                "': must be the number of processes, at least 1");
  return number;
}

}  // namespace

std::unique_ptr<Communicator> join_group() {
  for (const char* const variable : {"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"})
    if (const int64_t number = processes(variable); number > 1)
      throw Error(
          "the environment variable " + std::string(variable) + " = " + std::to_string(number) +
          " says that this is one of several processes, but groups of several processes (c10d) are not "
          "built in yet: start one process, with ThreadGroup for several ranks, or unset the variable");
  return std::make_unique<Solo>();
}

}  // namespace muster

#include "muster/rendezvous/launcher_variables.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "muster/base/error.h"
#include "muster/base/fnv.h"

namespace muster::inline rendezvous {

void refuse_variable(const char* name, const std::string& value, std::string_view remedy) {
  throw Error(fmt::format("the environment variable {} = '{}': {}", name, value, remedy));
}

void miss_variable(const char* name, std::string_view remedy) {
  throw Error(fmt::format("the environment variable {} is not set: {}", name, remedy));
}

const char* LauncherVariables::first_of(std::initializer_list<const char*> names) const {
  for (const char* const name : names)
    if (has(name)) return name;
  return nullptr;
}

std::optional<int64_t> LauncherVariables::number(const char* name, int64_t least, int64_t most,
                                                 std::string_view remedy) const {
  const std::optional<std::string> value = text(name);
  if (!value) return std::nullopt;
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (problem != std::errc() || end != value->data() + value->size() || number < least || number > most)
    refuse_variable(name, *value, remedy);
  return number;
}

std::optional<int> LauncherVariables::size(const char* name) const {
  const auto found =
      number(name, 1, std::numeric_limits<int>::max(), "must be a number of processes, at least 1");
  if (!found) return std::nullopt;
  return static_cast<int>(*found);
}

int LauncherVariables::rank(const char* name, int size) const {
  const std::string remedy = fmt::format("must be the rank of this process, 0 to {}", size - 1);
  const auto found = number(name, 0, size - 1, remedy);
  if (!found) miss_variable(name, remedy);
  return static_cast<int>(*found);
}

std::string without_brackets(const std::string& address) {
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  return bracketed ? address.substr(1, address.size() - 2) : address;
}

int port_of_job(std::string_view job) {
  constexpr uint32_t ports = 10000;
  return static_cast<int>(20000 + fnv1a_32(job) % ports);
}

}  // namespace muster::inline rendezvous

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/rendezvous/place.h"

namespace muster::inline rendezvous {

/// Throws Error: "the environment variable NAME = 'VALUE': REMEDY".
[[noreturn]] void refuse_variable(const char* name, const std::string& value, std::string_view remedy);
[[noreturn]] void miss_variable(const char* name, std::string_view remedy);

/// A launcher's variables, checked. All throw Error, naming the variable, its value and what would be right.
class LauncherVariables {
 public:
  explicit LauncherVariables(const Environment& environment) : environment_(environment) {}

  std::optional<std::string> text(const char* name) const { return environment_(name); }
  bool has(const char* name) const { return text(name).has_value(); }
  /// The first of them that is set; null where none is.
  const char* first_of(std::initializer_list<const char*> names) const;
  std::optional<int64_t> number(const char* name, int64_t least, int64_t most, std::string_view remedy) const;
  /// Processes: at least 1.
  std::optional<int> size(const char* name) const;
  /// Of this process, below `size`; throws where it is not set, too.
  int rank(const char* name, int size) const;

 private:
  const Environment& environment_;
};

/// "[::1]" -> "::1"; any other address as it is.
std::string without_brackets(const std::string& address);

constexpr int greatest_port = 65535;

/// A port between 20000 and 29999, below those that systems assign by themselves: a hash of the text, so all
/// processes of a job find the same port.
int port_of_job(std::string_view job);

}  // namespace muster::inline rendezvous

#include "muster/serve/server_file_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "muster/base/error.h"
#include "muster/base/folder.h"

namespace muster::inline serve {

namespace {

namespace fs = std::filesystem;

constexpr const char* snapshot_prefix = "snapshot-";
constexpr const char* journal_prefix = "events-";

std::optional<int64_t> number_of(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  int64_t number = -1;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + prefix.size(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 0) return std::nullopt;
  return number;
}

std::vector<int64_t> numbers_in(const std::string& folder, const std::string& prefix) {
  std::vector<int64_t> found;
  for (const std::string& name : names_in(folder))
    if (const auto number = number_of(name, prefix)) found.push_back(*number);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string ServerFileNames::snapshot(int64_t number) const {
  return fmt::format("{}/{}{:08}", folder_, snapshot_prefix, number);
}

std::string ServerFileNames::journal(int64_t number) const {
  return fmt::format("{}/{}{:08}", folder_, journal_prefix, number);
}

std::vector<int64_t> ServerFileNames::snapshots() const { return numbers_in(folder_, snapshot_prefix); }
std::vector<int64_t> ServerFileNames::journals() const { return numbers_in(folder_, journal_prefix); }

bool ServerFileNames::nothing_there() const {
  std::error_code problem;
  const bool marked = fs::exists(mark(), problem);
  if (problem) throw FileError(fmt::format("cannot examine '{}': {}", mark(), problem.message()));
  return !marked && snapshots().empty() && journals().empty();
}

}  // namespace muster::inline serve

#include "muster/app/reproduce/claim_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "muster/base/error.h"

namespace muster::inline app {

ClaimRow::ClaimRow(const toml::table& table, std::string name, const std::vector<std::string_view>& keys)
    : table_(table), name_(std::move(name)) {
  for (const auto& [key, value] : table)
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end())
      fail(fmt::format("has a key '{}' that means nothing here", key.str()));
}

void ClaimRow::fail(const std::string& problem) const { throw DataError(name_ + " " + problem); }

std::string ClaimRow::text(std::string_view key, bool needed) const {
  const auto node = table_[key];
  if (!node && needed) fail(fmt::format("needs '{}'", key));
  if (!node) return {};
  const auto value = node.value_exact<std::string>();
  if (!value) fail(fmt::format("'{}' must be a text", key));
  if (needed && value->empty()) fail(fmt::format("'{}' must not be empty", key));
  return *value;
}

std::string ClaimRow::line(std::string_view key, bool needed) const {
  std::string result;
  for (const char c : text(key, needed)) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      result += c;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::optional<double> ClaimRow::number(std::string_view key) const {
  const auto node = table_[key];
  if (!node) return std::nullopt;
  const auto value = node.value<double>();
  if (!value || !std::isfinite(*value)) fail(fmt::format("'{}' must be a number", key));
  return value;
}

double ClaimRow::above_zero(std::string_view key, double otherwise) const {
  const double value = number(key).value_or(otherwise);
  if (!(value > 0)) fail(fmt::format("'{}' must be a number above 0", key));
  return value;
}

bool ClaimRow::truth(std::string_view key) const {
  const auto node = table_[key];
  if (node && !node.is_boolean()) fail(fmt::format("'{}' must be true or false", key));
  return node.value_or(false);
}

std::vector<std::string> ClaimRow::texts(std::string_view key) const {
  std::vector<std::string> result;
  for (const toml::node& node : list(key)) {
    const auto value = node.value_exact<std::string>();
    if (!value) fail(fmt::format("'{}' must be a list of texts", key));
    result.push_back(*value);
  }
  return result;
}

std::vector<double> ClaimRow::numbers(std::string_view key) const {
  std::vector<double> result;
  for (const toml::node& node : list(key)) {
    const auto value = node.value<double>();
    if (!value) fail(fmt::format("'{}' must be a list of numbers", key));
    result.push_back(*value);
  }
  return result;
}

std::vector<int64_t> ClaimRow::seeds(std::string_view key) const {
  std::vector<int64_t> result;
  if (const auto count = table_[key].value_exact<int64_t>()) {
    if (*count < 1 || *count > 100000) fail(fmt::format("'{}' must be from 1 to 100000 seeds", key));
    for (int64_t seed = 1; seed <= *count; ++seed) result.push_back(seed);
    return result;
  }
  for (const toml::node& node : list(key)) {
    const auto value = node.value_exact<int64_t>();
    if (!value) fail(fmt::format("'{}' must be a list of whole numbers, or how many", key));
    result.push_back(*value);
  }
  if (std::set<int64_t>(result.begin(), result.end()).size() != result.size())
    fail(fmt::format("'{}' has a seed twice", key));
  return result;
}

std::vector<const toml::table*> ClaimRow::tables(std::string_view key) const {
  std::vector<const toml::table*> result;
  for (const toml::node& node : list(key)) {
    if (!node.as_table()) fail(fmt::format("'{}' must be a list of tables", key));
    result.push_back(node.as_table());
  }
  return result;
}

const toml::array& ClaimRow::list(std::string_view key) const {
  static const toml::array none;
  const auto node = table_[key];
  if (!node) return none;
  if (!node.as_array()) fail(fmt::format("'{}' must be a list", key));
  return *node.as_array();
}

}  // namespace muster::inline app

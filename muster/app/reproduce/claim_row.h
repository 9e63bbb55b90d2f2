#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline app {

/// A table of a claims file. Every reader throws DataError, naming the row, for a value of another form;
/// so does the constructor for a key that is not in `keys`.
class ClaimRow {
 public:
  ClaimRow(const toml::table& table, std::string name, const std::vector<std::string_view>& keys);

  [[noreturn]] void fail(const std::string& problem) const;
  const std::string& name() const { return name_; }
  bool has(std::string_view key) const { return table_.contains(key); }

  std::string text(std::string_view key, bool needed = false) const;
  /// Every run of blanks and line ends as one blank.
  std::string line(std::string_view key, bool needed = false) const;
  std::optional<double> number(std::string_view key) const;
  double above_zero(std::string_view key, double otherwise) const;
  bool truth(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;
  /// A list of seeds, each once, or how many: 10 is 1 to 10.
  std::vector<int64_t> seeds(std::string_view key) const;
  std::vector<const toml::table*> tables(std::string_view key) const;
  const toml::table* table(std::string_view key) const { return table_[key].as_table(); }

 private:
  const toml::array& list(std::string_view key) const;

  const toml::table& table_;
  std::string name_;
};

}  // namespace muster::inline app

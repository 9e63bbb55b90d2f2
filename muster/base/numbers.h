#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace muster::inline base {

/// State of something that holds no tensors: numbers by name. Integers and doubles come back bit for bit.
class Numbers {
 public:
  using Value = std::variant<int64_t, double>;

  void set(const std::string& name, int64_t value) { values_[name] = value; }
  void set(const std::string& name, double value) { values_[name] = value; }

  /// Throws CheckpointError when the name is missing or of the other type.
  int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }

  /// Copies every entry of `part` in as "prefix.name"; `part_of(prefix)` takes them out again.
  void insert(const std::string& prefix, const Numbers& part);
  Numbers part_of(std::string_view prefix) const;

  const std::map<std::string, Value, std::less<>>& values() const { return values_; }
  bool operator==(const Numbers&) const = default;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace muster::inline base

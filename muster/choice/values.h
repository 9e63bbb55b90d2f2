#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "muster/choice/field.h"
#include "muster/choice/value.h"

namespace muster::inline choice {

/// What was given of the fields of a section, by their names. A field that is not here was not given: it has
/// its usual value, or one that the chosen kind derives from the run. Values of fields that the chosen kind
/// does not read stay here, so that they count if another kind is chosen.
class Values {
 public:
  /// Nothing where the field was not given.
  const Value* find(std::string_view name) const {
    const auto found = given_.find(name);
    return found == given_.end() ? nullptr : &found->second;
  }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  void set(std::string_view name, Value value) {
    given_.insert_or_assign(std::string(name), std::move(value));
  }
  void forget(std::string_view name) {
    if (const auto found = given_.find(name); found != given_.end()) given_.erase(found);
  }

  /// The value given, or the field's usual one; monostate where it has none.
  const Value& of(const Field& field) const {
    const Value* value = find(field.name);
    return value ? *value : field.usual;
  }
  /// The value given, as a T; nothing where none was given. REQUIRES: the field's type is T.
  template <class T>
  std::optional<T> given(std::string_view name) const {
    const Value* value = find(name);
    return value ? std::optional(std::get<T>(*value)) : std::nullopt;
  }
  /// The given or usual value, as a T; nothing where there is neither. REQUIRES: the field's type is T.
  template <class T>
  std::optional<T> held(const Field& field) const {
    const Value& value = of(field);
    return std::holds_alternative<std::monostate>(value) ? std::nullopt : std::optional(std::get<T>(value));
  }

  bool operator==(const Values&) const = default;

 private:
  std::map<std::string, Value, std::less<>> given_;
};

}  // namespace muster::inline choice

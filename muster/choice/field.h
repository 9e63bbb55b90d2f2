#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "muster/choice/value.h"

namespace muster::inline choice {

/// One thing that a user may give: what files, command lines, help and checks know about it.
struct Field {
  std::string name;
  ValueType type = ValueType::text;
  Value usual;              ///< the default; monostate: none
  std::string meaning;      ///< whole sentences; of a field that not all kinds have, what follows "kind: "
  std::string unit;         ///< "" where there is none
  std::string when_absent;  ///< the default in words, where `usual` is monostate
  std::vector<std::string> words;  ///< the only texts allowed; empty: any text
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();
  bool lowest_excluded = false;
  bool highest_excluded = false;
  bool within_run = false;  ///< a step (an integer), which must come before the end of the run
  /// A further check: returns "" for an allowed value, else in words what must hold. Empty: no check.
  std::function<std::string(const Value&)> also;

  /// Throws OptionError under `key`, the name that the user knows: a word, a number or another value that is
  /// not allowed.
  void check(std::string_view key, const Value& value) const;
  /// "4", "one per core": the value where nothing is given, for people.
  std::string default_text() const;
  /// ">= 1", "> 0 and < 1", or "".
  std::string range_text() const;

 private:
  void check_range(std::string_view key, double number, const Value& whole) const;
};

/// A field is described like a sentence: integer_field("steps").says("...").in("steps").at_least(1).
template <class Self>
struct FieldSentence : Field {
  Self&& says(std::string text) && { return meaning = std::move(text), self(); }
  Self&& in(std::string of) && { return unit = std::move(of), self(); }
  Self&& absent(std::string text) && { return when_absent = std::move(text), self(); }
  Self&& one_of(std::vector<std::string> allowed) && { return words = std::move(allowed), self(); }
  Self&& at_least(double low) && { return lowest = low, self(); }
  Self&& at_most(double high) && { return highest = high, self(); }
  Self&& above(double low) && { return lowest = low, lowest_excluded = true, self(); }
  Self&& below(double high) && { return highest = high, highest_excluded = true, self(); }
  Self&& holds(std::function<std::string(const Value&)> rule) && { return also = std::move(rule), self(); }
  Self&& before_end_of_run() && { return within_run = true, self(); }
  Self&& otherwise(Value value) && { return usual = std::move(value), self(); }

 private:
  Self&& self() { return static_cast<Self&&>(*this); }
};

/// A field under construction, from its name and type.
struct NewField : FieldSentence<NewField> {
  NewField(std::string field_name, ValueType value_type) {
    name = std::move(field_name);
    type = value_type;
  }
};

inline NewField boolean_field(std::string name) { return {std::move(name), ValueType::boolean}; }
inline NewField integer_field(std::string name) { return {std::move(name), ValueType::integer}; }
inline NewField real_field(std::string name) { return {std::move(name), ValueType::real}; }
inline NewField text_field(std::string name) { return {std::move(name), ValueType::text}; }
inline NewField integers_field(std::string name) { return {std::move(name), ValueType::integers}; }
inline NewField reals_field(std::string name) { return {std::move(name), ValueType::reals}; }

}  // namespace muster::inline choice

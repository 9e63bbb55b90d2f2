#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/choice/family.h"
#include "muster/choice/field.h"
#include "muster/choice/value.h"

namespace muster::inline app {

/// One key: a field of a section, and where a configuration holds it. Its name is "schedule.base_period".
class Key : public FieldSentence<Key> {
 public:
  using Get = std::function<Value(const Configuration&)>;
  using Set = std::function<void(Configuration&, const Value&)>;

  Key(std::string full_name, ValueType value_type, Get get, Set set);
  /// The key of a field of `section`.
  Key(const std::string& section, Field field, Get get, Set set);

  std::string family;  ///< "schedule.rule", of the keys of that choice; "" of others

  std::string section() const { return name.substr(0, name.find('.')); }
  std::string short_name() const { return name.substr(name.find('.') + 1); }

  Value get(const Configuration& configuration) const { return get_(configuration); }
  /// Checks words and range, then sets. A text on the command line goes through parse_value first.
  /// Throws OptionError.
  void set(Configuration& configuration, const Value& value) const;
  void set_text(Configuration& configuration, std::string_view text) const;

 private:
  Get get_;
  Set set_;
};

namespace key_detail {

template <class T>
struct Plain {
  using type = T;
};
template <class T>
struct Plain<std::optional<T>> {
  using type = T;
};

template <class T>
constexpr ValueType type_of() {
  if constexpr (std::is_same_v<T, bool>) return ValueType::boolean;
  if constexpr (std::is_same_v<T, int64_t>) return ValueType::integer;
  if constexpr (std::is_same_v<T, double>) return ValueType::real;
  if constexpr (std::is_same_v<T, std::string>) return ValueType::text;
  if constexpr (std::is_same_v<T, std::vector<int64_t>>) return ValueType::integers;
  if constexpr (std::is_same_v<T, std::vector<double>>) return ValueType::reals;
}

inline Value to_value(const auto& member) { return Value(member); }
template <class T>
Value to_value(const std::optional<T>& member) {
  return member ? Value(*member) : Value();
}

}  // namespace key_detail

/// The key of one member of one section; its type and its default are the member's.
template <class Section, class T>
Key make_key(std::string name, Section Configuration::*section, T Section::*member) {
  using Held = typename key_detail::Plain<T>::type;
  return Key(
      std::move(name), key_detail::type_of<Held>(),
      [=](const Configuration& from) { return key_detail::to_value((from.*section).*member); },
      [=](Configuration& to, const Value& value) { (to.*section).*member = std::get<Held>(value); });
}

/// The key of a choice: `[schedule] rule`. Where `usual` is "", what is not given has no value.
template <class Section>
Key choice_key(const FamilyText& text, Field choice, Section Configuration::*section,
               std::string Section::*word) {
  Key key(
      text.section, std::move(choice),
      [=, usual = text.usual](const Configuration& from) {
        const std::string& chosen = (from.*section).*word;
        if (!chosen.empty()) return Value(chosen);
        return usual.empty() ? Value() : Value(usual);
      },
      [=](Configuration& to, const Value& value) { (to.*section).*word = std::get<std::string>(value); });
  key.family = text.section + "." + text.key;
  return key;
}

/// The keys of a family: the word for the kind, then the fields of all kinds.
template <class Section, class K>
std::vector<Key> keys_of_family(const Family<K>& family, Section Configuration::*section,
                                std::string Section::*word, Values Section::*values) {
  std::vector<Key> keys = {choice_key(family.text(), family.choice(), section, word)};
  for (const Field& field : family.fields()) {
    keys.emplace_back(
        family.text().section, field,
        [=](const Configuration& from) { return ((from.*section).*values).of(field); },
        [=](Configuration& to, const Value& value) { ((to.*section).*values).set(field.name, value); });
    keys.back().family = keys.front().family;
  }
  return keys;
}

}  // namespace muster::inline app

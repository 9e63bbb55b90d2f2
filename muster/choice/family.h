#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/choice/kind.h"

namespace muster::inline choice {

/// What the user chooses among, and where: `[schedule] rule = "qsr"`.
struct FamilyText {
  std::string section;           ///< "schedule"
  std::string key;               ///< "rule": the field of the section that names the kind
  std::string usual;             ///< the kind where none is named
  std::string meaning;           ///< of that field
  std::string when_absent = {};  ///< where the usual kind depends on the run: in words
};

namespace family_detail {

using Kinds = std::vector<const Kind*>;

/// The fields of all kinds, each once, in the order in which they appear. The meaning of one names the kinds
/// that read it: "qsr, power: the period is ...". Throws Bug where two kinds describe one field differently.
std::vector<Field> fields_of(const Kinds& kinds);
/// Throws UnusedOption for a field of the family that was given another value than its usual one, and that
/// `chosen` does not read.
void check_used(const FamilyText& text, const Kinds& kinds, const Kind& chosen, const Values& values);
/// Throws OptionError (`section`.`key`) with the known words, and the nearest one.
[[noreturn]] void refuse(const FamilyText& text, const Kinds& kinds, std::string_view word);

}  // namespace family_detail

/// The kinds among which one option chooses. A copy is independent: further kinds may be added to it.
template <class K>
class Family {
 public:
  Family(FamilyText text, std::vector<K> kinds) : text_(std::move(text)), kinds_(std::move(kinds)) {}

  const FamilyText& text() const { return text_; }
  const std::vector<K>& all() const& { return kinds_; }
  const std::vector<K>& all() const&& = delete;  ///< a reference into a temporary would dangle
  /// Adds a kind; replaces the one of the same name.
  void add(K kind) {
    for (K& one : kinds_)
      if (one.name == kind.name) {
        one = std::move(kind);
        return;
      }
    kinds_.push_back(std::move(kind));
  }

  std::vector<std::string> words() const {
    std::vector<std::string> names;
    for (const K& kind : kinds_) names.push_back(kind.name);
    return names;
  }
  const K* find(std::string_view word) const {
    for (const K& kind : kinds_)
      if (kind.name == (word.empty() ? std::string_view(text_.usual) : word)) return &kind;
    return nullptr;
  }
  /// The kind of that name; of "" the usual one. Throws OptionError.
  const K& at(std::string_view word) const {
    const K* const found = find(word);
    if (!found) family_detail::refuse(text_, kinds(), word);
    return *found;
  }
  K& at(std::string_view word) { return const_cast<K&>(std::as_const(*this).at(word)); }

  /// The field that names the kind.
  Field choice() const {
    NewField field(text_.key, ValueType::text);
    if (text_.when_absent.empty()) field.usual = text_.usual;
    field.when_absent = text_.when_absent;
    field.meaning = text_.meaning;
    field.words = words();
    return field;
  }
  std::vector<Field> fields() const { return family_detail::fields_of(kinds()); }
  /// Throws UnusedOption, naming the kinds that read it, for what was given and `chosen` does not read.
  void check_used(const K& chosen, const Values& values) const {
    family_detail::check_used(text_, kinds(), chosen, values);
  }
  /// The names of the kinds for which `holds`.
  std::vector<std::string> words_where(const std::function<bool(const K&)>& holds) const {
    std::vector<std::string> names;
    for (const K& kind : kinds_)
      if (holds(kind)) names.push_back(kind.name);
    return names;
  }

 private:
  family_detail::Kinds kinds() const {
    family_detail::Kinds all;
    for (const K& kind : kinds_) all.push_back(&kind);
    return all;
  }

  FamilyText text_;
  std::vector<K> kinds_;
};

}  // namespace muster::inline choice

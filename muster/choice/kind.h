#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/choice/field.h"
#include "muster/choice/values.h"

namespace muster::inline choice {

/// A field that a kind reads.
struct FieldUse {
  Field field;
  std::string note = {};    ///< what it means to this kind, where the field's own meaning does not say it
  std::string needed = {};  ///< why it must be given; "": it may be left out
  std::string absent = {};  ///< this kind's default in words, where it is not the field's
};

/// One of several things among which a user chooses by its name: a rule, an optimizer, a codec. Derived types
/// (RuleKind, OuterKind, ...) hold what belongs to one family only.
struct Kind {
  std::string name;   ///< the user's word for it
  std::string about;  ///< what it does, in a line (Markdown), for the tables of docs/
  std::string paper;  ///< where it comes from; "" for what needs no source
  std::string files;  ///< its sources, without folder and ending; "" where a table names none
  std::vector<FieldUse> uses;

  const FieldUse* use(std::string_view field) const;
  bool reads(std::string_view field) const { return use(field) != nullptr; }
  /// The value of a field of this kind, given or usual; monostate where it has neither or is not read.
  Value value(std::string_view field, const Values& values) const;
  /// Throws OptionError (`section`.field) for a field that is needed and was not given. `what`: "rule".
  void check_needs(std::string_view section, std::string_view what, const Values& values) const;
};

}  // namespace muster::inline choice

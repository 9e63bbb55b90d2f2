#include "muster/choice/kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/error.h"

namespace muster::inline choice {

const FieldUse* Kind::use(std::string_view field) const {
  const auto found =
      std::find_if(uses.begin(), uses.end(), [&](const FieldUse& one) { return one.field.name == field; });
  return found == uses.end() ? nullptr : &*found;
}

Value Kind::value(std::string_view field, const Values& values) const {
  const FieldUse* const read = use(field);
  return read ? values.of(read->field) : Value();
}

void Kind::check_needs(std::string_view section, std::string_view what, const Values& values) const {
  for (const FieldUse& one : uses)
    if (!one.needed.empty() && !values.has(one.field.name))
      throw OptionError(fmt::format("{}.{}", section, one.field.name), "(not given)",
                        fmt::format("{} {} needs it: {}", what, name, one.needed));
}

}  // namespace muster::inline choice

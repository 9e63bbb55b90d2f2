#include "muster/app/keys/key.h"

namespace muster::inline app {

Key::Key(std::string full_name, ValueType value_type, Get get, Set set)
    : get_(std::move(get)), set_(std::move(set)) {
  name = std::move(full_name);
  type = value_type;
  usual = get_(Configuration{});
}

Key::Key(const std::string& section, Field field, Get get, Set set)
    : get_(std::move(get)), set_(std::move(set)) {
  static_cast<Field&>(*this) = std::move(field);
  name = section + "." + name;
}

void Key::set(Configuration& configuration, const Value& value) const {
  check(name, value);
  set_(configuration, value);
}

void Key::set_text(Configuration& configuration, std::string_view text) const {
  set(configuration, parse_value(type, name, text));
}

}  // namespace muster::inline app

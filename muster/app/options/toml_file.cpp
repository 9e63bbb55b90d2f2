#include "muster/app/options/toml_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <cmath>
#include <optional>
#include <sstream>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/text_lines.h"
#include "muster/app/options/toml_text.h"
#include "muster/base/error.h"

namespace muster::inline app {

namespace {

// A value on one line, as a person would write it; its beginning, where it is long or deep.
std::string plain(const toml::node& node, int depth = 0) {
  constexpr size_t most_elements = 100;
  constexpr int deepest = 10;
  std::vector<std::string> parts;
  if (depth > deepest && (node.is_array() || node.is_table())) return "...";
  if (const toml::array* array = node.as_array()) {
    for (size_t i = 0; i < array->size() && i < most_elements; ++i)
      parts.push_back(plain(*array->get(i), depth + 1));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (const toml::table* table = node.as_table()) {
    for (const auto& [key, value] : *table)
      parts.push_back(fmt::format("{} = {}", key.str(), plain(value, depth + 1)));
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
  }
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  std::ostringstream text;
  node.visit([&](const auto& scalar) { text << scalar; });
  return text.str();
}

std::string as_written(const toml::node& node) { return shown(plain(node)); }

// The list's elements when all are T (or, for doubles, integers).
template <class T>
std::optional<std::vector<T>> list_of(const toml::array& array) {
  std::vector<T> list;
  for (const auto& element : array) {
    const auto value = element.value_exact<T>();
    const auto whole = element.value_exact<int64_t>();
    if (value) {
      list.push_back(*value);
    } else if (std::is_same_v<T, double> && whole) {
      if constexpr (std::is_same_v<T, double>) list.push_back(static_cast<double>(*whole));
    } else {
      return std::nullopt;
    }
  }
  return list;
}

std::optional<double> real(const toml::node& node) {
  if (const auto whole = node.value_exact<int64_t>()) return static_cast<double>(*whole);
  return node.value_exact<double>();
}

template <class T>
Value value_or_nothing(std::optional<T> value) {
  return value ? Value(*std::move(value)) : Value();
}

Value text_or_joined(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (!array) return value_or_nothing(node.value_exact<std::string>());
  const auto parts = list_of<std::string>(*array);
  return parts ? Value(fmt::format("{}", fmt::join(*parts, ","))) : Value();
}

// monostate where the node is of another type.
Value convert(ValueType type, const toml::node& node) {
  const toml::array* array = node.as_array();
  switch (type) {
    case ValueType::boolean:
      return value_or_nothing(node.value_exact<bool>());
    case ValueType::integer:
      return value_or_nothing(node.value_exact<int64_t>());
    case ValueType::real:
      return value_or_nothing(real(node));
    case ValueType::text:
      return text_or_joined(node);
    case ValueType::integers:
      return array ? value_or_nothing(list_of<int64_t>(*array)) : Value();
    case ValueType::reals:
      return array ? value_or_nothing(list_of<double>(*array)) : Value();
  }
  throw Bug("convert: unknown type");
}

void require_finite(const Key& key, const Value& value, const toml::node& node) {
  const auto refuse = [&](double number) {
    if (!std::isfinite(number)) throw OptionError(key.name, as_written(node), "must be finite");
  };
  if (const auto* number = std::get_if<double>(&value)) refuse(*number);
  if (const auto* list = std::get_if<std::vector<double>>(&value))
    for (const double number : *list) refuse(number);
}

FileSetting setting(const Catalogue& catalogue, const std::string& name, const toml::node& node) {
  const Key& key = catalogue.find_key(name, as_written(node));
  Value value = convert(key.type, node);
  if (std::holds_alternative<std::monostate>(value))
    throw OptionError(key.name, as_written(node), fmt::format("must be {}", describe(key.type)));
  require_finite(key, value, node);
  return {key.name, std::move(value)};
}

void append_section(const Catalogue& catalogue, std::vector<FileSetting>& settings,
                    const std::string& section, const toml::table& table) {
  for (const auto& [key, node] : table)
    settings.push_back(setting(catalogue, section + "." + std::string(key.str()), node));
}

toml::table parsed(std::string_view text, const std::string& source) {
  check_toml_text(text, source);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw OptionError("CONFIG", shown(fmt::format("{}:{}", source, error.source().begin.line)),
                      fmt::format("is no TOML: {}", shown(error.description())));
  }
}

std::vector<FileSetting> settings_of(const Catalogue& catalogue, const toml::table& table) {
  std::vector<FileSetting> settings;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (const toml::table* section = node.as_table()) {
      append_section(catalogue, settings, name, *section);
    } else {
      settings.push_back(setting(catalogue, name, node));
    }
  }
  return settings;
}

ArmTable arm_table(const Catalogue& catalogue, toml::table table) {
  ArmTable arm;
  const toml::node* name = table.get("name");
  const auto text = name ? name->value_exact<std::string>() : std::nullopt;
  if (!text)
    throw OptionError("arm.name", name ? as_written(*name) : "(not given)",
                      "every [[arm]] needs a name, such as name = \"qsr\"");
  arm.name = *text;
  table.erase("name");
  try {
    arm.settings = settings_of(catalogue, table);
  } catch (const OptionError& error) {
    throw Error(fmt::format("arm '{}': {}", shown(arm.name), error.what()));
  }
  return arm;
}

std::string comment_of(const Key& key) {
  std::string line = key.meaning;
  if (!key.words.empty()) line += fmt::format(" One of {}.", fmt::join(key.words, ", "));
  std::string facts = key.unit;
  if (!key.range_text().empty()) facts += (facts.empty() ? "" : ", ") + key.range_text();
  if (!facts.empty()) line += fmt::format(" ({})", facts);
  return line;
}

}  // namespace

std::vector<FileSetting> read_toml_file(const Catalogue& catalogue, const std::string& path) {
  return read_toml(catalogue, input_text("CONFIG", path), path);
}

std::vector<FileSetting> read_toml(const Catalogue& catalogue, std::string_view text,
                                   const std::string& source) {
  const toml::table file = parsed(text, source);
  if (file.contains("arm"))
    throw OptionError("CONFIG", shown(source),
                      "is a comparison (it has [[arm]] tables): run it with muster compare");
  return settings_of(catalogue, file);
}

ComparisonFile read_comparison_file(const Catalogue& catalogue, const std::string& path) {
  return read_comparison(catalogue, input_text("CONFIG", path), path);
}

ComparisonFile read_comparison(const Catalogue& catalogue, std::string_view text, const std::string& source) {
  toml::table file = parsed(text, source);
  ComparisonFile result;
  if (const toml::node* arms = file.get("arm")) {
    const toml::array* list = arms->as_array();
    if (!list || !list->is_homogeneous(toml::node_type::table))
      throw OptionError("arm", as_written(*arms), "must be tables: [[arm]] with two brackets, for each arm");
    for (const toml::node& arm : *list) result.arms.push_back(arm_table(catalogue, *arm.as_table()));
    file.erase("arm");
  }
  result.base = settings_of(catalogue, file);
  return result;
}

std::string write_toml(const Catalogue& catalogue, const Configuration& configuration) {
  std::string text = "# The resolved configuration of a run of muster. `muster train FILE` repeats it.\n";
  for (const SectionTitle& title : section_titles()) {
    text += fmt::format("\n[{}]  # {}\n", title.name, title.about);
    for (const Key& key : catalogue.keys()) {
      if (key.section() != title.name) continue;
      const std::string value = format_toml(key.get(configuration));
      text += wrapped(comment_of(key), "# ");
      if (value.empty()) {
        text += fmt::format("# {} = ({})\n", key.short_name(), key.when_absent);
      } else {
        text += fmt::format("{} = {}\n", key.short_name(), value);
      }
    }
  }
  return text;
}

}  // namespace muster::inline app

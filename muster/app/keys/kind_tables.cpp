#include "muster/app/keys/kind_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

#include "muster/app/keys/catalogue.h"

namespace muster::inline app {

namespace {

template <class K>
struct Column {
  std::string heading;
  std::function<std::string(const K&)> cell;
};

template <class K>
using Columns = std::vector<Column<K>>;

std::string code(const std::string& text) { return "`" + text + "`"; }
std::string or_dash(const std::string& text) { return text.empty() ? "—" : text; }

/// "`sgd`, `sgd_kernel`".
std::string coded_list(std::string text) {
  std::vector<std::string> parts;
  for (size_t comma = text.find(", "); comma != std::string::npos; comma = text.find(", ")) {
    parts.push_back(code(text.substr(0, comma)));
    text.erase(0, comma + 2);
  }
  if (!text.empty()) parts.push_back(code(text));
  return or_dash(fmt::format("{}", fmt::join(parts, ", ")));
}

std::string fields_of(const Kind& kind) {
  std::string names;
  for (const FieldUse& use : kind.uses) names += (names.empty() ? "" : ", ") + use.field.name;
  return coded_list(names);
}

template <class K>
std::string table(const Family<K>& family, const Columns<K>& columns) {
  std::vector<std::string> headings = {code(family.text().section + "." + family.text().key)};
  for (const Column<K>& column : columns) headings.push_back(column.heading);
  std::string text = fmt::format("| {} |\n|", fmt::join(headings, " | "));
  for (size_t i = 0; i < headings.size(); ++i) text += "---|";
  text += "\n";
  for (const K& kind : family.all()) {
    std::vector<std::string> cells = {code(kind.name) +
                                      (kind.name == family.text().usual ? " (default)" : "")};
    for (const Column<K>& column : columns) cells.push_back(column.cell(kind));
    text += fmt::format("| {} |\n", fmt::join(cells, " | "));
  }
  return text;
}

template <class K>
Column<K> about(std::string heading) {
  return {std::move(heading), [](const K& kind) { return kind.about; }};
}
template <class K>
Column<K> paper() {
  return {"paper", [](const K& kind) { return or_dash(kind.paper); }};
}
template <class K>
Column<K> files(const std::string& folder) {
  return {"files in " + code("muster/" + folder + "/"), [](const K& kind) { return coded_list(kind.files); }};
}
template <class K>
Column<K> keys(const std::string& section) {
  return {"keys of " + code(section), [](const K& kind) { return fields_of(kind); }};
}

/// What it does, its paper, its files and its keys.
template <class K>
std::string usual_table(const Family<K>& family, const std::string& what, const std::string& folder) {
  return table<K>(family, {about<K>(what), paper<K>(), files<K>(folder), keys<K>(family.text().section)});
}

}  // namespace

std::vector<KindTable> kind_tables(const Catalogue& catalogue) {
  const std::string methods = "docs/methods.md";
  const Column<AsyncOuterKind> weight = {
      "weight of g", [](const AsyncOuterKind& kind) { return kind.per_contribution ? "√K / K" : "1"; }};
  return {{methods, usual_table(catalogue.rules(), "period", "schedule")},
          {methods, usual_table(catalogue.inner_optimizers(), "rule", "optim")},
          {methods, usual_table(catalogue.outer_optimizers(), "rule", "optim")},
          {methods, usual_table(catalogue.codecs(), "what is sent", "comm/codec")},
          {methods, table<MergeKind>(catalogue.merges(), {about<MergeKind>("rule"), paper<MergeKind>()})},
          {"docs/async.md", table<AsyncOuterKind>(catalogue.async_outer_optimizers(),
                                                  {about<AsyncOuterKind>("rule"), paper<AsyncOuterKind>(),
                                                   weight, keys<AsyncOuterKind>("async")})}};
}

}  // namespace muster::inline app

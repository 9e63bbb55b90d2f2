#include "muster/choice/family.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "muster/base/nearest_word.h"
#include "muster/choice/unused_option.h"

namespace muster::inline choice::family_detail {

namespace {

struct User {
  std::string kind;
  const FieldUse* use;
};

std::vector<User> users_of(const Kinds& kinds, std::string_view field) {
  std::vector<User> users;
  for (const Kind* kind : kinds)
    if (const FieldUse* use = kind->use(field)) users.push_back({kind->name, use});
  return users;
}

std::string capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

/// "qsr, power: the least one; adaptive: the first one.": kinds with the same note are grouped.
std::string notes_of(const std::vector<User>& users) {
  std::vector<std::pair<std::string, std::string>> groups;  // note, kinds
  for (const User& user : users) {
    if (user.use->note.empty()) continue;
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const auto& group) { return group.first == user.use->note; });
    if (same == groups.end())
      groups.emplace_back(user.use->note, user.kind);
    else
      same->second += ", " + user.kind;
  }
  std::string text;
  for (const auto& [note, names] : groups)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", names, note);
  return text.empty() ? text : text + ".";
}

std::vector<std::string> names_of(const std::vector<User>& users) {
  std::vector<std::string> names;
  for (const User& user : users) names.push_back(user.kind);
  return names;
}

std::string meaning_of(const Field& field, const std::vector<User>& users, size_t kinds) {
  const std::string notes = notes_of(users);
  if (!notes.empty())
    return field.meaning.empty() ? notes : fmt::format("{} {}", capitalised(field.meaning), notes);
  if (users.size() == kinds) return capitalised(field.meaning);
  return fmt::format("{}: {}", fmt::join(names_of(users), ", "), field.meaning);
}

// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& words, const char* last) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? last : ", ") + words[i];
  return text;
}

/// "true for int8 and top_k, else false": the defaults of the kinds, in words.
std::string own_absences(const Field& field, const std::vector<User>& users) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;  // text, kinds
  bool all = true;
  for (const User& user : users) {
    all = all && !user.use->absent.empty();
    if (user.use->absent.empty()) continue;
    auto same = std::find_if(groups.begin(), groups.end(),
                             [&](const auto& group) { return group.first == user.use->absent; });
    if (same == groups.end()) same = groups.insert(same, {user.use->absent, {}});
    same->second.push_back(user.kind);
  }
  std::string text;
  for (const auto& [absent, names] : groups)
    text += fmt::format("{}{} for {}", text.empty() ? "" : ", ", absent, listed(names, " and "));
  return all ? text : text + ", else " + field.when_absent;
}

// The default of a field in words: own_absences(), or "none; post_local and swap need it".
std::string absence_of(const Field& field, const std::vector<User>& users) {
  std::vector<User> needing;
  bool own = false;
  for (const User& user : users) {
    if (!user.use->needed.empty()) needing.push_back(user);
    own = own || !user.use->absent.empty();
  }
  if (own) return own_absences(field, users);
  if (needing.empty()) return field.when_absent;
  return fmt::format("{}; {} {} it", field.when_absent, listed(names_of(needing), " and "),
                     needing.size() == 1 ? "needs" : "need");
}

bool same(const Field& one, const Field& other) {
  return one.type == other.type && one.usual == other.usual && one.meaning == other.meaning &&
         one.unit == other.unit && one.when_absent == other.when_absent && one.words == other.words &&
         one.range_text() == other.range_text();
}

}  // namespace

std::vector<Field> fields_of(const Kinds& kinds) {
  std::vector<Field> fields;
  for (const Kind* kind : kinds)
    for (const FieldUse& use : kind->uses) {
      const std::vector<User> users = users_of(kinds, use.field.name);
      const Field& first = users.front().use->field;
      if (!same(first, use.field))
        throw Bug(fmt::format("the kinds {} and {} describe the field {} differently", users.front().kind,
                              kind->name, use.field.name));
      if (users.front().use != &use) continue;
      fields.push_back(first);
      fields.back().meaning = meaning_of(first, users, kinds.size());
      fields.back().when_absent = absence_of(first, users);
    }
  return fields;
}

void check_used(const FamilyText& text, const Kinds& kinds, const Kind& chosen, const Values& values) {
  for (const Kind* kind : kinds)
    for (const FieldUse& use : kind->uses) {
      const Value* const given = values.find(use.field.name);
      if (given == nullptr || *given == use.field.usual || chosen.reads(use.field.name)) continue;
      throw UnusedOption(
          fmt::format("{}.{}", text.section, use.field.name), *given,
          fmt::format("is not used by {}.{} = {}; use {}, or leave it out", text.section, text.key,
                      chosen.name, listed(names_of(users_of(kinds, use.field.name)), " or ")));
    }
}

void refuse(const FamilyText& text, const Kinds& kinds, std::string_view word) {
  std::vector<std::string> words;
  for (const Kind* kind : kinds) words.push_back(kind->name);
  throw OptionError(fmt::format("{}.{}", text.section, text.key), shown(word), must_be_one_of(word, words));
}

}  // namespace muster::inline choice::family_detail

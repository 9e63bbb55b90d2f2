#include "muster/base/numbers.h"

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

template <class T>
T get(const std::map<std::string, Numbers::Value, std::less<>>& values, std::string_view name) {
  const auto found = values.find(name);
  if (found == values.end()) throw CheckpointError("state lacks the number '" + std::string(name) + "'");
  const T* value = std::get_if<T>(&found->second);
  if (!value) throw CheckpointError("state holds the number '" + std::string(name) + "' in another type");
  return *value;
}

}  // namespace

int64_t Numbers::integer(std::string_view name) const { return get<int64_t>(values_, name); }

double Numbers::real(std::string_view name) const { return get<double>(values_, name); }

void Numbers::insert(const std::string& prefix, const Numbers& part) {
  for (const auto& [name, value] : part.values_) values_[prefix + "." + name] = value;
}

Numbers Numbers::part_of(std::string_view prefix) const {
  const std::string start = std::string(prefix) + ".";
  Numbers part;
  for (auto at = values_.lower_bound(start); at != values_.end() && at->first.starts_with(start); ++at)
    part.values_[at->first.substr(start.size())] = at->second;
  return part;
}

}  // namespace muster::inline base

#include "muster/links/connect_links.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/links/gloo_links.h"
#include "muster/links/host_memory_key.h"
#include "muster/links/local_address.h"
#include "muster/links/rank_name.h"
#include "muster/links/shared_memory_links.h"

namespace muster::inline links {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often a rank that waits for the others checks whether a member has died.
constexpr milliseconds look_every(50);

constexpr std::array<std::pair<LinkKind, std::string_view>, 3> names = {{
    {LinkKind::automatic, "auto"},
    {LinkKind::gloo, "gloo"},
    {LinkKind::shared_memory, "shared_memory"},
}};

/// The key of the memory that another rank can share, as it has published it.
std::string memory_key_of(int other, const std::string& key, KeyValues& store, const LinkOptions& options,
                          steady_clock::time_point deadline) {
  const std::string name = rank_name(options.names, other);
  const Waits::Note note(options.waits.get(),
                         {.whom = name, .where = "to say which host it is on", .until = deadline});
  while (true) {
    const auto value = store.get(key, std::min(options.connect_within, look_every));
    if (value) return *value;
    if (options.watch && options.watch->broken()) throw LostPeer("a process died while the group formed");
    if (steady_clock::now() >= deadline)
      throw LostPeer(name + " did not say which host it is on within " +
                     std::to_string(options.connect_within.count()) + " ms");
  }
}

/// Collective. The same on every rank.
bool all_share_memory(KeyValues& store, const std::string& prefix, int rank, int size,
                      const LinkOptions& options) {
  const auto deadline = steady_clock::now() + options.connect_within;
  const auto key_of = [&](int other) { return prefix + "memory_of_" + std::to_string(other); };
  store.set(key_of(rank), host_memory_key());
  std::vector<std::string> keys;
  for (int other = 0; other < size; ++other)
    keys.push_back(memory_key_of(other, key_of(other), store, options, deadline));
  return same_host_memory(keys);
}

}  // namespace

LinkKind link_kind_of(const std::string& name) {
  for (const auto& [kind, its_name] : names)
    if (its_name == name) return kind;
  throw OptionError("comm.links", "'" + name + "'", "must be auto, gloo or shared_memory");
}

std::string_view name_of(LinkKind kind) {
  for (const auto& [one, its_name] : names)
    if (one == kind) return its_name;
  throw Bug("a kind of links without a name");
}

ConnectedLinks connect_links(LinkKind kind, KeyValues& store, const std::string& prefix, int rank, int size,
                             const LinkOptions& options) {
  if (!options.interface.empty()) local_address(options.interface);
  if (kind == LinkKind::automatic)
    kind = all_share_memory(store, prefix, rank, size, options) ? LinkKind::shared_memory : LinkKind::gloo;
  if (kind == LinkKind::gloo) return {connect_gloo_links(store, prefix, rank, size, options), kind};
  return {connect_shared_memory_links(store, prefix, rank, size, options), kind};
}

}  // namespace muster::inline links

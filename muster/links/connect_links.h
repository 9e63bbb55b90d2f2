#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "muster/links/links.h"
#include "muster/rendezvous/key_values.h"

namespace muster::inline links {

/// How the ranks of a group are linked.
enum class LinkKind {
  automatic,     ///< by shared memory where all ranks can share it, else by Gloo
  gloo,          ///< between any hosts
  shared_memory  ///< between ranks of one host only
};

/// Of "auto", "gloo" or "shared_memory"; throws OptionError for comm.links otherwise.
LinkKind link_kind_of(const std::string& name);
/// "auto", "gloo", "shared_memory".
std::string_view name_of(LinkKind kind);

struct ConnectedLinks {
  std::unique_ptr<Links> links;
  LinkKind kind;  ///< what they are; never automatic
};

/// Every rank calls it with the same `kind`. Where that is automatic the ranks tell each other through the
/// store, under keys that begin with the prefix, what memory they can share (see host_memory_key.h), so that
/// every rank chooses the same kind. If the ranks are on several hosts all links are Gloo's, those within a
/// host too. An interface that is named must exist, whatever is chosen. Throws as the chosen links do while
/// they connect.
ConnectedLinks connect_links(LinkKind kind, KeyValues& store, const std::string& prefix, int rank, int size,
                             const LinkOptions& options);

}  // namespace muster::inline links

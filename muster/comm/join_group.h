#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "muster/comm/communicator.h"
#include "muster/links/connect_links.h"
#include "muster/rendezvous/identity.h"
#include "muster/rendezvous/key_values.h"
#include "muster/rendezvous/place.h"
#include "muster/rendezvous/waits.h"

namespace muster::inline comm {

/// Connects to the store of torchrun's agent (LibTorch's: muster/libtorch/torchrun_store.h).
using AgentStore = std::function<std::unique_ptr<KeyValues>(const std::string& address, int port,
                                                            std::chrono::milliseconds within, Waits* waits)>;

struct JoinOptions {
  /// How the processes are linked: by shared memory where all of them run on one host, else by Gloo, unless
  /// one of the two is named. The bits of the results do not depend on it.
  LinkKind links = LinkKind::automatic;
  /// Network that Gloo's connections go over: an interface ("eth1"), or an address or name of this host.
  /// Empty: GLOO_SOCKET_IFNAME, else the network of this host's name.
  std::string interface {};
  /// What all processes must have in common besides Muster's version and the size of slices.
  Identity identity{};
  int64_t slice_bytes = 4 << 20;  ///< large vectors travel in slices of this size
  /// So many consecutive processes share a fast network, those of one machine: means are taken in two levels
  /// (see make_two_level_group), with other bits. Without effect where the processes are no multiple of it.
  int block = 1;
  std::chrono::milliseconds patience = std::chrono::minutes(5);  ///< for the other processes to come
  std::shared_ptr<Waits> waits{};  ///< where this process notes whom it waits for; none: nowhere
  AgentStore agent_store{};        ///< needed by processes that torchrun started; speaks its protocol
};

/// The group that this process was started in, as its launcher's environment says (see find_place): torchrun,
/// mpirun, srun or `muster launch`. A process that none of them describes is alone and gets a group of one.
/// Collective: waits for all processes. Throws Error, naming what differs, when the processes do not fit
/// together, or, naming the variable, when the environment makes no sense; LostPeer when they do not come.
std::unique_ptr<Communicator> join_group(const JoinOptions& options = {});

/// The same for a place that the caller knows.
std::unique_ptr<Communicator> join_group(const Place& place, const JoinOptions& options = {});

}  // namespace muster::inline comm

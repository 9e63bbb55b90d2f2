#pragma once

#include <cstddef>
#include <cstdint>

namespace muster::inline links {

/// The interface of libmuster_gloo_links.so: connections by Gloo, and messages over them. A library of its
/// own, opened when it is needed: LibTorch of PyPI exports another Gloo under the same names, and only
/// symbols that are looked up in the library first (RTLD_DEEPBIND) keep the two apart. Therefore the
/// interface is plain C: no exception, no type with a vtable, no memory that one side allocates and the other
/// frees.

/// Connections of one rank to all others. Destroying it closes them, which the peers notice.
struct GlooGroup;
/// One message under way. May outlive its group, whose connections stay until then.
struct GlooMessage;

/// Why a call failed; one line, without the place in Gloo's sources.
struct GlooFailure {
  bool failed = false;
  char text[400] = {};
};

/// How a wait ended; it may also have failed.
enum GlooWait : int32_t { gloo_done, gloo_aborted, gloo_failed };

/// The library's functions. None throws; those that may fail say so in `failure` and return null then.
struct GlooFunctions {
  /// Listens at an address of this host, in digits. Nobody is connected yet.
  GlooGroup* (*open)(const char* address, int32_t rank, int32_t size, int64_t patience_milliseconds,
                     GlooFailure* failure);
  void (*destroy_group)(GlooGroup*);
  /// Where this rank listens for one peer, in Gloo's own form; writes at most `capacity` bytes, returns how
  /// many there are.
  size_t (*address)(GlooGroup*, int32_t peer, char* bytes, size_t capacity, GlooFailure* failure);
  /// Returns when the connection stands, or close() was called meanwhile.
  void (*connect)(GlooGroup*, int32_t peer, const char* address, size_t length, GlooFailure* failure);
  /// Ends the connection to a peer; by any thread, as often as wanted.
  void (*close)(GlooGroup*, int32_t peer);

  GlooMessage* (*send)(GlooGroup*, const void* bytes, size_t length, int32_t peer, int32_t tag,
                       GlooFailure* failure);
  GlooMessage* (*receive)(GlooGroup*, void* bytes, size_t length, int32_t peer, int32_t tag,
                          GlooFailure* failure);
  /// Waits until the message has left or arrived, however long that takes. Not to be called again after
  /// gloo_done.
  GlooWait (*wait)(GlooMessage*, GlooFailure* failure);
  /// Ends the present wait, or else the next one; by any thread.
  void (*abort)(GlooMessage*);
  /// Its memory is not touched any more when this returns.
  void (*destroy_message)(GlooMessage*);

  /// A message that no rank sends: the wait for it fails when a connection that it watches has been lost.
  GlooMessage* (*sentinel)(GlooGroup*, GlooFailure* failure);
  /// The sentinel watches this connection from now on; fails when that has been lost already.
  void (*watch)(GlooMessage* sentinel, GlooGroup*, int32_t peer, GlooFailure* failure);
};

/// Grows with every change above.
constexpr int32_t gloo_functions_version = 1;

/// The library's one symbol. Null when it was built for another version.
using GlooEntryPoint = const GlooFunctions* (*)(int32_t version);
constexpr const char* gloo_entry_point = "muster_gloo_links";

}  // namespace muster::inline links

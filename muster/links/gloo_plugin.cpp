// All of libmuster_gloo_links.so: see gloo_plugin_module.h.
#include <gloo/transport/address.h>
#include <gloo/transport/context.h>
#include <gloo/transport/device.h>
#include <gloo/transport/pair.h>
#include <gloo/transport/tcp/device.h>
#include <gloo/transport/unbound_buffer.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "muster/links/gloo_plugin_module.h"

namespace muster::inline links {

struct GlooGroup {
  std::shared_ptr<gloo::transport::Device> device;
  std::shared_ptr<gloo::transport::Context> context;
};

struct GlooMessage {
  std::unique_ptr<gloo::transport::UnboundBuffer> buffer;
  bool sends;
};

namespace {

using std::chrono::milliseconds;

/// Longer than any message takes; the caller of wait() decides when to abort it.
constexpr milliseconds forever = std::chrono::hours(24 * 365);

/// Above the slots of all tags.
constexpr uint64_t sentinel_slot = uint64_t{1} << 40;

uint64_t slot_of(int32_t tag) { return static_cast<uint32_t>(tag); }

/// First line of what Gloo says, without "[pair.cc:598] " before it.
void note(GlooFailure& failure, std::string text) {
  const size_t place = text.starts_with('[') ? text.find("] ") : std::string::npos;
  if (place != std::string::npos) text.erase(0, place + 2);
  text.resize(std::min({text.size(), text.find('\n'), sizeof(failure.text) - 1}));
  failure.failed = true;
  std::memcpy(failure.text, text.c_str(), text.size() + 1);
}

/// Returns what `body` returns; turns what it throws into a failure.
template <class Body>
auto guarded(GlooFailure* failure, Body body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& error) {
    note(*failure, error.what());
  } catch (...) {  // reported as a failure
    note(*failure, "an unknown error");
  }
  return decltype(body())();
}

gloo::transport::Pair& pair_of(GlooGroup& group, int32_t peer) {
  const auto& pair = group.context->getPair(peer);
  if (!pair) throw std::invalid_argument("no connection to this rank");
  return *pair;
}

GlooGroup* open(const char* address, int32_t rank, int32_t size, int64_t patience_milliseconds,
                GlooFailure* failure) {
  return guarded(failure, [&] {
    gloo::transport::tcp::attr at;
    at.hostname = address;
    auto group = std::make_unique<GlooGroup>();
    group->device = gloo::transport::tcp::CreateDevice(at);
    group->context = group->device->createContext(rank, size);
    group->context->setTimeout(milliseconds(patience_milliseconds));
    for (int32_t peer = 0; peer < size; ++peer)
      if (peer != rank) group->context->createPair(peer);
    return group.release();
  });
}

void destroy_group(GlooGroup* group) { delete group; }

size_t address(GlooGroup* group, int32_t peer, char* bytes, size_t capacity, GlooFailure* failure) {
  return guarded(failure, [&] {
    const std::vector<char> found = pair_of(*group, peer).address().bytes();
    std::memcpy(bytes, found.data(), std::min(capacity, found.size()));
    return found.size();
  });
}

void connect(GlooGroup* group, int32_t peer, const char* address, size_t length, GlooFailure* failure) {
  guarded(failure, [&] { pair_of(*group, peer).connect(std::vector<char>(address, address + length)); });
}

void close(GlooGroup* group, int32_t peer) {
  GlooFailure ignored;  // closed already
  guarded(&ignored, [&] { pair_of(*group, peer).close(); });
}

std::unique_ptr<GlooMessage> message_of(GlooGroup& group, const void* bytes, size_t length, bool sends) {
  auto message = std::make_unique<GlooMessage>();
  // Gloo writes to the memory only of messages that it receives.
  message->buffer = group.context->createUnboundBuffer(const_cast<void*>(bytes), length);
  message->sends = sends;
  return message;
}

GlooMessage* send(GlooGroup* group, const void* bytes, size_t length, int32_t peer, int32_t tag,
                  GlooFailure* failure) {
  return guarded(failure, [&] {
    auto message = message_of(*group, bytes, length, true);
    message->buffer->send(peer, slot_of(tag));
    return message.release();
  });
}

GlooMessage* receive(GlooGroup* group, void* bytes, size_t length, int32_t peer, int32_t tag,
                     GlooFailure* failure) {
  return guarded(failure, [&] {
    auto message = message_of(*group, bytes, length, false);
    message->buffer->recv(peer, slot_of(tag));
    return message.release();
  });
}

GlooWait wait(GlooMessage* message, GlooFailure* failure) {
  const bool done = guarded(failure, [&] {
    return message->sends ? message->buffer->waitSend(forever) : message->buffer->waitRecv(forever);
  });
  return failure->failed ? gloo_failed : done ? gloo_done : gloo_aborted;
}

void abort(GlooMessage* message) {
  GlooFailure ignored;  // only locking a mutex could fail
  guarded(&ignored,
          [&] { message->sends ? message->buffer->abortWaitSend() : message->buffer->abortWaitRecv(); });
}

void destroy_message(GlooMessage* message) { delete message; }

GlooMessage* sentinel(GlooGroup* group, GlooFailure* failure) {
  return guarded(failure, [&] { return message_of(*group, nullptr, 0, false).release(); });
}

void watch(GlooMessage* sentinel, GlooGroup* group, int32_t peer, GlooFailure* failure) {
  guarded(failure, [&] { pair_of(*group, peer).recv(sentinel->buffer.get(), sentinel_slot, 0, 0); });
}

constexpr GlooFunctions functions = {open,    destroy_group, address, connect,         close,    send,
                                     receive, wait,          abort,   destroy_message, sentinel, watch};

}  // namespace

}  // namespace muster::inline links

extern "C" __attribute__((visibility("default"))) const muster::GlooFunctions* muster_gloo_links(
    int32_t version) {
  return version == muster::gloo_functions_version ? &muster::functions : nullptr;
}

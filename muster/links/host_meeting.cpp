#include "muster/links/host_meeting.h"

#include <fmt/format.h>

#include <optional>
#include <thread>
#include <utility>

#include "muster/base/error.h"
#include "muster/links/host_memory_key.h"
#include "muster/links/rank_name.h"
#include "muster/links/unix_socket.h"

namespace muster::inline links {

namespace {

using std::chrono::milliseconds;

/// How often a rank that waits for the others checks whether a member has died.
constexpr milliseconds host_look_every(50);

class Meeting {
 public:
  Meeting(KeyValues& store, const std::string& prefix, int rank, int size, const LinkOptions& options)
      : store_(store),
        prefix_(prefix + "host_memory/"),
        rank_(rank),
        size_(size),
        options_(options),
        deadline_(std::chrono::steady_clock::now() + options.connect_within),
        connections_(static_cast<size_t>(size)) {}

  HostMeeting run(size_t bytes) {
    std::optional<SharedMemory> memory;
    if (rank_ == 0) memory.emplace(SharedMemory::create(bytes));
    const HostListener listener = listen_on_host();
    store_.set(prefix_ + std::to_string(rank_), host_memory_key() + '\n' + listener.name);
    const std::vector<std::string> names = read_names();
    for (int other = 0; other < rank_; ++other) connect(other, names[static_cast<size_t>(other)]);
    for (int other = rank_ + 1; other < size_; ++other) accept_one(listener.socket);
    if (rank_ != 0) memory.emplace(SharedMemory::adopt(receive_memory(), bytes));
    for (int other = 1; rank_ == 0 && other < size_; ++other)
      if (!send_number(connection(other), rank_, memory->descriptor())) lose(other, "it has closed");
    return {std::move(*memory), std::move(connections_)};
  }

 private:
  std::string name_of(int rank) const { return rank_name(options_.names, rank); }
  FileDescriptor& connection(int rank) { return connections_[static_cast<size_t>(rank)]; }
  [[noreturn]] void lose(int rank, const std::string& why) const {
    throw LostPeer(fmt::format("{} is gone: {}", name_of(rank), why));
  }

  /// Called at least every host_look_every while something is missing: throws when waiting on is pointless.
  void go_on_waiting(const std::string& who, const char* has_not) const {
    if (options_.watch && options_.watch->broken()) throw LostPeer("a process died while the group formed");
    if (std::chrono::steady_clock::now() < deadline_) return;
    throw LostPeer(fmt::format("{} {} within {} ms", who, has_not, options_.connect_within.count()));
  }

  /// The names at which the other ranks listen, by rank.
  std::vector<std::string> read_names() const {
    std::vector<std::string> names(static_cast<size_t>(size_));
    const std::string own = host_memory_key();
    for (int other = 0; other < size_; ++other) {
      if (other == rank_) continue;
      const std::string value = read_value(other);
      const size_t end = value.find('\n');
      if (end == std::string::npos || !same_host_memory({own, value.substr(0, end)}))
        throw Error(
            fmt::format("{} cannot share memory with {}: they run on different hosts, in containers "
                        "with networks of their own, or as different users",
                        name_of(rank_), name_of(other)));
      names[static_cast<size_t>(other)] = value.substr(end + 1);
    }
    return names;
  }

  std::string read_value(int other) const {
    const Waits::Note note(options_.waits.get(),
                           {.whom = name_of(other), .where = "to send its address", .until = deadline_});
    while (true) {
      const auto value =
          store_.get(prefix_ + std::to_string(other), std::min(options_.connect_within, host_look_every));
      if (value) return *value;
      go_on_waiting(name_of(other), "did not send its address");
    }
  }

  void connect(int other, const std::string& name) {
    try {
      while (connection(other).number() < 0) {
        connection(other) = connect_on_host(name);
        if (connection(other).number() >= 0) break;
        go_on_waiting(name_of(other), "did not answer");
        std::this_thread::sleep_for(milliseconds(1));
      }
    } catch (const LostPeer& error) {
      lose(other, error.what());
    } catch (const Error& error) {
      throw Error(
          fmt::format("{} cannot share memory with {}: {}", name_of(rank_), name_of(other), error.what()));
    }
    if (!send_number(connection(other), rank_)) lose(other, "it has closed");
  }

  /// Accepts one of the higher ranks; connections that do not introduce themselves properly are closed.
  void accept_one(const FileDescriptor& listener) {
    while (true) {
      if (can_read(listener, host_look_every)) {
        FileDescriptor socket = accept_on_host(listener);
        if (socket.number() >= 0 && wait_for(socket, first_missing())) {
          const auto hello = receive_number(socket);
          if (hello && hello->number > rank_ && hello->number < size_ &&
              connection(hello->number).number() < 0) {
            connection(hello->number) = std::move(socket);
            return;
          }
        }
      }
      go_on_waiting(name_of(first_missing()), "did not connect");
    }
  }
  int first_missing() {
    int missing = rank_ + 1;
    while (missing + 1 < size_ && connection(missing).number() >= 0) ++missing;
    return missing;
  }
  bool wait_for(const FileDescriptor& socket, int whom) const {
    while (!can_read(socket, host_look_every)) go_on_waiting(name_of(whom), "did not connect");
    return true;
  }

  FileDescriptor receive_memory() {
    while (!can_read(connection(0), host_look_every))
      go_on_waiting(name_of(0), "did not send the memory of the group");
    auto sent = receive_number(connection(0));
    if (!sent || sent->descriptor.number() < 0) lose(0, "it has closed");
    return std::move(sent->descriptor);
  }

  KeyValues& store_;
  std::string prefix_;
  int rank_, size_;
  const LinkOptions& options_;
  std::chrono::steady_clock::time_point deadline_;
  std::vector<FileDescriptor> connections_;
};

}  // namespace

HostMeeting meet_on_host(KeyValues& store, const std::string& prefix, int rank, int size,
                         const LinkOptions& options, size_t bytes) {
  const Waits::Note note(options.waits.get(),
                         {.whom = "connections to the other ranks",
                          .where = "of a group of " + std::to_string(size),
                          .until = std::chrono::steady_clock::now() + options.connect_within});
  return Meeting(store, prefix, rank, size, options).run(bytes);
}

}  // namespace muster::inline links

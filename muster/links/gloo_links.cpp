#include "muster/links/gloo_links.h"

#include <csignal>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/links/gloo_connections_module.h"
#include "muster/links/gloo_meeting_module.h"
#include "muster/links/rank_name.h"

namespace muster::inline links {

namespace {

/// Gloo writes to its connections without suppressing SIGPIPE: where the program has not set that signal's
/// action, the death of a peer would end this process as well.
void outlive_broken_pipes() {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0) return;
  if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

class GlooTransfer final : public Transfer {
 public:
  GlooTransfer(std::shared_ptr<GlooConnections> connections, GlooMessage* message,
               std::span<const std::byte> memory, int peer)
      : connections_(std::move(connections)), message_(message), memory_(memory), peer_(peer) {}
  ~GlooTransfer() override { connections_->give_up(message_, peer_, through_); }
  GlooTransfer(const GlooTransfer&) = delete;
  GlooTransfer& operator=(const GlooTransfer&) = delete;

  std::span<const std::byte> bytes() const override { return memory_; }
  int peer() const { return peer_; }
  bool wait(std::string& reason) {
    through_ = through_ || connections_->wait(message_, peer_, reason);
    return through_;
  }

 private:
  std::shared_ptr<GlooConnections> connections_;
  GlooMessage* message_;
  std::span<const std::byte> memory_;
  int peer_;
  bool through_ = false;
};

class GlooLinks final : public Links {
 public:
  GlooLinks(std::shared_ptr<GlooConnections> connections, std::vector<std::string> names)
      : connections_(std::move(connections)), names_(std::move(names)) {}

  int rank() const override { return connections_->rank(); }
  int size() const override { return connections_->size(); }

  std::unique_ptr<Transfer> send(std::span<const std::byte> message, int to, int tag) override {
    require_peer(to);
    std::string reason;
    return begun(connections_->send(message.data(), message.size(), to, tag, reason), message, to, reason);
  }
  std::unique_ptr<Transfer> receive(std::span<std::byte> message, int from, int tag) override {
    require_peer(from);
    std::string reason;
    return begun(connections_->receive(message.data(), message.size(), from, tag, reason), message, from,
                 reason);
  }

  void wait(Transfer& transfer) override {
    auto& started = static_cast<GlooTransfer&>(transfer);
    std::string reason;
    if (started.wait(reason)) return;
    if (!reason.empty()) throw gone(started.peer(), reason);
    throw LostPeer(name_of(started.peer()) + " did not answer");
  }

  std::optional<int> waits_for() const override { return connections_->waits_for(); }
  std::string name_of(int rank) const override { return rank_name(names_, rank); }
  void interrupt() override { connections_->interrupt(); }

 private:
  void require_peer(int other) const {
    invariant(other >= 0 && other < size() && other != rank(), "a message to or from no peer");
  }
  LostPeer gone(int peer, const std::string& reason) const {
    return LostPeer(name_of(peer) + " is gone: " + reason);
  }
  std::unique_ptr<Transfer> begun(GlooMessage* message, std::span<const std::byte> memory, int peer,
                                  const std::string& reason) const {
    if (!message) throw gone(peer, reason);
    return std::make_unique<GlooTransfer>(connections_, message, memory, peer);
  }

  std::shared_ptr<GlooConnections> connections_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Links> connect_gloo_links(KeyValues& store, const std::string& prefix, int rank, int size,
                                          const LinkOptions& options) {
  outlive_broken_pipes();
  GlooMeeting meeting(store, prefix, rank, size, options);
  return std::make_unique<GlooLinks>(meeting.connect(), options.names);
}

}  // namespace muster::inline links

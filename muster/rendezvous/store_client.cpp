#include "muster/rendezvous/store_client.h"

#include <algorithm>
#include <mutex>

#include "muster/base/error.h"
#include "muster/rendezvous/protocol.h"
#include "muster/rendezvous/store_link.h"

namespace muster::inline rendezvous {

namespace {

using Clock = std::chrono::steady_clock;

/// A server whose answer is overdue by this much is gone.
constexpr std::chrono::milliseconds least_slack = std::chrono::seconds(5);

/// Also where now + within would be beyond the clock's range.
std::chrono::milliseconds bounded(std::chrono::milliseconds within) {
  return std::clamp<std::chrono::milliseconds>(within, std::chrono::milliseconds(0), std::chrono::hours(24));
}

}  // namespace

class StoreClient::Connection {
 public:
  Connection(const StoreEndpoint& endpoint, std::chrono::milliseconds within, Waits* waits)
      : link_(endpoint, Clock::now() + bounded(within), waits) {}

  bool lost() {
    const std::lock_guard lock(mutex_);
    return !lost_.empty();
  }

  /// Sends the request and passes the reply, past its outcome, to `read`. `within`: time that the server may
  /// take before it answers.
  template <typename Read>
  auto call(Request kind, const MessageWriter& fields, Read read, std::chrono::milliseconds within = {}) {
    const std::lock_guard lock(mutex_);
    if (!lost_.empty()) throw LostPeer(lost_);
    const int64_t number = ++number_;
    const std::string frame = request_of(kind, number).append(fields).frame();
    const std::string message = exchange(frame, within);
    MessageReader reply(message);
    read_outcome(reply, number);
    auto result = read(reply);
    reply.finish();
    return result;
  }

 private:
  std::string exchange(const std::string& frame, std::chrono::milliseconds within) {
    const SteadyTime deadline = Clock::now() + within + std::max(2 * link_.lease(), least_slack);
    try {
      link_.send(frame, deadline);
      return link_.receive(deadline);
    } catch (const Error& error) {
      lost_ = error.what();  // an answer that comes later would be taken for another request's
      throw LostPeer(lost_);
    }
  }

  std::mutex mutex_;
  StoreLink link_;
  int64_t number_ = 0;
  std::string lost_;
};

StoreClient::StoreClient(const StoreEndpoint& endpoint, std::chrono::milliseconds within, Waits* waits)
    : endpoint_(endpoint), waits_(waits), connection_(std::make_unique<Connection>(endpoint, within, waits)) {
  endpoint_.has_stood = true;
}

StoreClient::~StoreClient() = default;

void StoreClient::reconnect(std::chrono::milliseconds within) {
  connection_ = std::make_unique<Connection>(endpoint_, within, waits_);
}

bool StoreClient::lost() const { return connection_->lost(); }

void StoreClient::set(const std::string& key, const std::string& value) {
  connection_->call(Request::set, MessageWriter().text(key).text(value), [](MessageReader&) { return 0; });
}

std::optional<std::string> StoreClient::get(const std::string& key, std::chrono::milliseconds within) {
  within = bounded(within);
  const auto read = [](MessageReader& reply) {
    return reply.byte() != 0 ? std::optional(reply.text()) : std::nullopt;
  };
  return connection_->call(Request::get, MessageWriter().text(key).number(within.count()), read, within);
}

bool StoreClient::wait(const std::vector<std::string>& keys, std::chrono::milliseconds within) {
  within = bounded(within);
  const auto read = [](MessageReader& reply) { return reply.byte() != 0; };
  return connection_->call(Request::wait, MessageWriter().texts(keys).number(within.count()), read, within);
}

bool StoreClient::check(const std::vector<std::string>& keys) {
  const auto read = [](MessageReader& reply) { return reply.byte() != 0; };
  return connection_->call(Request::check, MessageWriter().texts(keys), read);
}

int64_t StoreClient::add(const std::string& key, int64_t by) {
  const auto read = [](MessageReader& reply) { return reply.number(); };
  return connection_->call(Request::add, MessageWriter().text(key).number(by), read);
}

std::string StoreClient::compare_set(const std::string& key, const std::string& expected,
                                     const std::string& wanted) {
  const auto read = [](MessageReader& reply) { return reply.text(); };
  return connection_->call(Request::compare_set, MessageWriter().text(key).text(expected).text(wanted), read);
}

bool StoreClient::remove(const std::string& key) {
  const auto read = [](MessageReader& reply) { return reply.byte() != 0; };
  return connection_->call(Request::remove, MessageWriter().text(key), read);
}

int64_t StoreClient::count() {
  const auto read = [](MessageReader& reply) { return reply.number(); };
  return connection_->call(Request::count, MessageWriter(), read);
}

}  // namespace muster::inline rendezvous

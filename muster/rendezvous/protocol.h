#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/rendezvous/generation.h"
#include "muster/rendezvous/wire.h"

// The wire protocol of a store. First the hello and the welcome, whose form is the same in every version of
// the protocol; then requests (kind, number of the request, fields) and replies (number, outcome, fields),
// and news (number 0), which the server sends unasked.
namespace muster::inline rendezvous {

constexpr int64_t protocol_version = 2;
/// The longest hello: before it is admitted, a connection can make a server keep no more than this.
constexpr size_t longest_hello = 4096;

std::string hello_frame(std::string_view token);

struct Hello {
  int64_t version = 0;
  std::string token;  ///< only where the version is ours
};
/// Nothing when the message is no hello at all.
std::optional<Hello> hello_from(std::string_view message);

struct Welcome {
  int64_t version = protocol_version;
  std::string refusal;  ///< empty: welcome
  std::chrono::milliseconds lease{0};
};
std::string welcome_frame(const Welcome& welcome);
/// Throws DataError when the message is no welcome.
Welcome welcome_from(std::string_view message);

/// Compares tokens in a time that does not depend on where they differ.
bool same_token(std::string_view there, std::string_view here);

enum class Request : uint8_t {
  set = 1,
  get,
  wait,
  check,
  add,
  compare_set,
  remove,
  count,
  join = 32,
  beat,
  gather,
  confirm,
  ask_to_stop,
  stop_step,
  leave,
  missing,
};

enum class Outcome : uint8_t {
  done = 0,
  refused,  ///< a text: Error
  lost,     ///< a text: LostPeer
  news,
};

/// Begins a request: kind and number; the fields follow.
MessageWriter request_of(Request kind, int64_t number);
MessageWriter reply_to(int64_t number, Outcome outcome);

/// What the server tells a member unasked.
struct News {
  int64_t broken = -1;  ///< the newest generation in which no meeting can succeed any more
  bool newcomers = false;
  bool stop_wanted = false;
  bool expelled = false;
  bool operator==(const News&) const = default;
};
std::string news_frame(const News& news);
/// `reader` has read the message up to and including its outcome.
News news_from(MessageReader& reader);

/// The members that have still to come before a waiting member is answered.
struct Missing {
  static constexpr size_t most_names = 8;
  std::vector<std::string> names;                   ///< the first of them
  int64_t count = 0;                                ///< of all
  int64_t here = 0;                                 ///< members that wait, this one included
  bool first = true;                                ///< of the waiting members, this one joined first
  std::optional<std::chrono::milliseconds> left{};  ///< until the wait ends without them
  bool enough = false;                              ///< the others go on then, else they give up
  bool operator==(const Missing&) const = default;
};
void write_missing(MessageWriter& writer, const Missing& missing);
Missing missing_from(MessageReader& reader);

void write_generation(MessageWriter& writer, const Generation& generation);
Generation generation_from(MessageReader& reader);

}  // namespace muster::inline rendezvous

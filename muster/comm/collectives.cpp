
#include "muster/comm/collectives.h"

#include <algorithm>
#include <string>

#include "muster/base/error.h"
#include "muster/comm/codec/message_check.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

/// A vector of at most so many bytes is sent whole: two trips of its parts would take longer.
constexpr int64_t small_bytes = 4096;

/// What one rank brings to an operation, as it travels: kind, root, type, then the length of what it sends to
/// every rank and of what it expects of every rank.
class Announcement {
 public:
  Announcement(Vector numbers, int ranks) : numbers_(std::move(numbers)), ranks_(ranks) {}
  static int64_t length(int ranks) { return 3 + 2 * int64_t{ranks}; }
  int64_t& kind() { return at(0); }
  int64_t& root() { return at(1); }
  int64_t& type() { return at(2); }
  int64_t& sends_to(int rank) { return at(3 + rank); }
  int64_t& expects_of(int rank) { return at(3 + ranks_ + rank); }

 private:
  int64_t& at(int64_t place) { return numbers_.data<int64_t>()[place]; }
  Vector numbers_;
  int ranks_;
};

std::string form(int64_t length, int64_t type) {
  return std::to_string(length) + " elements of type " + name_of(static_cast<ElementType>(type));
}

/// Why the announcements do not fit together; the same on every rank. Empty: they do.
std::string find_mismatch(std::vector<Announcement>& ranks) {
  const int size = static_cast<int>(ranks.size());
  for (int rank = 0; rank < size; ++rank) {
    auto& mine = ranks[static_cast<size_t>(rank)];
    const std::string name = "rank " + std::to_string(rank);
    if (mine.kind() != ranks[0].kind()) return name + " called another operation than rank 0";
    if (mine.root() != ranks[0].root())
      return name + " named root " + std::to_string(mine.root()) + ", rank 0 root " +
             std::to_string(ranks[0].root());
    for (int from = 0; from < size; ++from) {
      auto& other = ranks[static_cast<size_t>(from)];
      if (other.sends_to(rank) != mine.expects_of(from) || other.type() != mine.type())
        return name + " expects " + form(mine.expects_of(from), mine.type()) + " of rank " +
               std::to_string(from) + ", which brings " + form(other.sends_to(rank), other.type());
    }
  }
  return {};
}

}  // namespace

void Collectives::wait_all(Transfers& transfers) {
  for (auto& transfer : transfers) links_.wait(*transfer);
  transfers.clear();
}

void Collectives::agree(Kind kind, int64_t root, const std::vector<Vector>& sent,
                        const std::vector<Vector>& received) {
  ++operation_;
  const int size = links_.size(), rank = links_.rank();
  std::vector<Vector> numbers;
  std::vector<Announcement> announcements;
  for (int other = 0; other < size; ++other) {
    numbers.push_back(flat_vector(Announcement::length(size), ElementType::int64));
    announcements.emplace_back(numbers.back(), size);
  }
  auto& mine = announcements[static_cast<size_t>(rank)];
  mine.kind() = static_cast<int64_t>(kind);
  mine.root() = root;
  mine.type() = static_cast<int64_t>(sent[0].type());
  for (int other = 0; other < size; ++other) {
    mine.sends_to(other) = sent[sent.size() == 1 ? 0 : static_cast<size_t>(other)].size();
    mine.expects_of(other) = received[received.size() == 1 ? 0 : static_cast<size_t>(other)].size();
  }
  Transfers transfers;
  for (int distance = 1; distance < size; ++distance) {
    const int other = peer(distance);
    transfers.push_back(links_.receive(numbers[static_cast<size_t>(other)].host_bytes(), other, tag(0)));
    transfers.push_back(links_.send(numbers[static_cast<size_t>(rank)].host_bytes(), other, tag(0)));
  }
  wait_all(transfers);
  const std::string mismatch = find_mismatch(announcements);
  if (!mismatch.empty()) throw Error("the ranks do not agree: " + mismatch);
}

void Collectives::mean(const Vector& vector, Vector& mean) {
  agree(Kind::mean, 0, {vector}, {mean});
  if (vector.size() * bytes_of(vector.type()) <= small_bytes)
    small_mean(vector, mean);
  else
    sliced_mean_.run(vector, mean, tag(1));
}

void Collectives::small_mean(const Vector& vector, Vector& mean) {
  if (vector.size() == 0) return;
  std::vector<Vector> theirs;
  std::vector<const std::byte*> brought(static_cast<size_t>(links_.size()), vector.host_bytes().data());
  Transfers transfers;
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int other = peer(distance);
    const Vector& one = theirs.emplace_back(flat_vector(vector.size(), vector.type()));
    brought[static_cast<size_t>(other)] = one.host_bytes().data();
    transfers.push_back(links_.receive(one.host_bytes(), other, tag(1)));
    transfers.push_back(links_.send(vector.host_bytes(), other, tag(1)));
  }
  wait_all(transfers);
  mean_in_order(brought, mean);
}

void Collectives::exchange(const std::vector<Vector>& parts, std::vector<Vector>& received) {
  agree(Kind::exchange, 0, parts, received);
  const auto mine = static_cast<size_t>(links_.rank());
  Transfers transfers;
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int to = peer(distance), from = peer(links_.size() - distance);
    const Vector& in = received[static_cast<size_t>(from)];
    const Vector& out = parts[static_cast<size_t>(to)];
    if (in.size() > 0) transfers.push_back(links_.receive(in.host_bytes(), from, tag(1)));
    if (out.size() > 0) transfers.push_back(links_.send(out.host_bytes(), to, tag(1)));
  }
  if (!received[mine].is_same(parts[mine])) received[mine].copy_from(parts[mine]);
  wait_all(transfers);
}

void Collectives::gather(const Vector& part, std::vector<Vector>& received) {
  agree(Kind::gather, 0, {part}, received);
  const auto mine = static_cast<size_t>(links_.rank());
  Transfers transfers;
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int to = peer(distance), from = peer(links_.size() - distance);
    const Vector& in = received[static_cast<size_t>(from)];
    if (in.size() > 0) transfers.push_back(links_.receive(in.host_bytes(), from, tag(1)));
    if (part.size() > 0) transfers.push_back(links_.send(part.host_bytes(), to, tag(1)));
  }
  if (!received[mine].is_same(part)) received[mine].copy_from(part);
  wait_all(transfers);
}

void Collectives::broadcast(Vector& vector, int root) {
  agree(Kind::broadcast, root, {vector}, {vector});
  if (vector.size() == 0) return;
  Transfers transfers;
  if (links_.rank() != root) {
    transfers.push_back(links_.receive(vector.host_bytes(), root, tag(1)));
  } else {
    for (int distance = 1; distance < links_.size(); ++distance)
      transfers.push_back(links_.send(vector.host_bytes(), peer(distance), tag(1)));
  }
  wait_all(transfers);
}

}  // namespace muster::inline comm

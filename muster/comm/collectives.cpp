
#include "muster/comm/collectives.h"

#include <algorithm>
#include <string>

#include "muster/base/error.h"
#include "muster/comm/local_mean_kernel.h"
#include "muster/comm/message_check.h"
#include "muster/flat/vector.h"

namespace muster {

namespace {

/// A vector of at most so many bytes is sent whole: two trips of its parts would take longer.
constexpr int64_t small_bytes = 4096;
/// Slices under way together have about so many bytes: more would leave the processor's cache before they are
/// added up.
constexpr int64_t bytes_under_way = 16 << 20;
/// Parts begin at multiples of so many elements.
constexpr int64_t part_grain = 64;

/// Elements of [begin, end) that rank `rank` of `size` adds up.
struct Part {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};
Part part_of(int64_t begin, int64_t end, int rank, int size) {
  const int64_t each = ((end - begin + size - 1) / size + part_grain - 1) / part_grain * part_grain;
  return {std::min(end, begin + rank * each), std::min(end, begin + (rank + 1) * each)};
}
Vector view(const Vector& vector, const Part& part) { return vector.part(part.begin, part.size()); }

/// mean <- (vectors[0] + vectors[1] + ...) / their number, element by element in this order.
template <class T>
void mean_of(const std::vector<Vector>& vectors, const Vector& mean) {
  std::vector<T*> pointers;
  for (const Vector& vector : vectors) pointers.push_back(vector.data<T>());
  kernel::MeanSlice<T> work{};
  work.vectors = pointers.data();
  work.count = static_cast<int64_t>(pointers.size());
  work.mean = mean.data<T>();
  kernel::mean_slice(work, 0, mean.size(), nullptr);
}
void mean_of_all(const std::vector<Vector>& vectors, const Vector& mean) {
  if (mean.type() == ElementType::float32)
    mean_of<float>(vectors, mean);
  else
    mean_of<double>(vectors, mean);
}

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

/// A stretch of the vector under way: what everybody sends me of my part, and the parts of the others.
struct Collectives::Slice {
  std::vector<Part> parts;             // of each rank
  std::vector<Vector> brought;         // my part, by rank
  Transfers sending, arriving, means;  // phase one: out and in; phase two: in
};

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
    sliced_mean(vector, mean);
}

void Collectives::small_mean(const Vector& vector, Vector& mean) {
  if (vector.size() == 0) return;
  std::vector<Vector> brought(static_cast<size_t>(links_.size()));
  brought[static_cast<size_t>(links_.rank())] = vector;
  Transfers transfers;
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int other = peer(distance);
    auto& theirs = brought[static_cast<size_t>(other)] = flat_vector(vector.size(), vector.type());
    transfers.push_back(links_.receive(theirs.host_bytes(), other, tag(1)));
    transfers.push_back(links_.send(vector.host_bytes(), other, tag(1)));
  }
  wait_all(transfers);
  mean_of_all(brought, mean);
}

Collectives::Slice Collectives::start_slice(const Vector& vector, Vector& scratch, int64_t begin,
                                            int64_t end) {
  const int size = links_.size(), rank = links_.rank();
  Slice slice;
  slice.brought.resize(static_cast<size_t>(size));
  for (int other = 0; other < size; ++other) slice.parts.push_back(part_of(begin, end, other, size));
  const Part& mine = slice.parts[static_cast<size_t>(rank)];
  if (mine.size() > 0) {
    const int64_t room = scratch.size() / (size - 1);
    for (int distance = 1, place = 0; distance < size; ++distance, ++place) {
      // Who is first to send to me is first to be received from.
      const int from = (rank - distance + size) % size;
      auto& theirs = slice.brought[static_cast<size_t>(from)] = scratch.part(place * room, mine.size());
      slice.arriving.push_back(links_.receive(theirs.host_bytes(), from, tag(1)));
    }
    slice.brought[static_cast<size_t>(rank)] = view(vector, mine);
  }
  for (int distance = 1; distance < size; ++distance) {
    const int other = peer(distance);
    const Part& theirs = slice.parts[static_cast<size_t>(other)];
    if (theirs.size() == 0) continue;
    slice.sending.push_back(links_.send(view(vector, theirs).host_bytes(), other, tag(1)));
  }
  return slice;
}

void Collectives::finish_slice(Vector& mean, Slice& slice) {
  const Part& mine = slice.parts[static_cast<size_t>(links_.rank())];
  wait_all(slice.arriving);
  // The others' means come into the places that my parts for them are sent from, where mean is the vector.
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int other = peer(distance);
    const Part& theirs = slice.parts[static_cast<size_t>(other)];
    if (theirs.size() > 0)
      slice.means.push_back(links_.receive(view(mean, theirs).host_bytes(), other, tag(2)));
  }
  if (mine.size() == 0) return;
  const Vector sum = view(mean, mine);
  mean_of_all(slice.brought, sum);
  for (int distance = 1; distance < links_.size(); ++distance)
    slice.sending.push_back(links_.send(sum.host_bytes(), peer(distance), tag(2)));
}

void Collectives::sliced_mean(const Vector& vector, Vector& mean) {
  const int64_t elements = vector.size(), size = links_.size();
  const int64_t each = std::max<int64_t>(
      part_grain * size, slice_bytes_ / bytes_of(vector.type()) / (part_grain * size) * (part_grain * size));
  const int64_t count = (elements + each - 1) / each;
  const int64_t room = (size - 1) * part_of(0, each, 0, static_cast<int>(size)).size();
  // Slices under way at once; the scratch memory of one is used again by the one so many after it.
  const int64_t window =
      std::min(count, std::clamp<int64_t>(bytes_under_way / std::max<int64_t>(slice_bytes_, 1), 2, 8));
  if (!scratch_.defined() || scratch_.type() != vector.type() || scratch_.size() < window * room)
    scratch_ = flat_vector(window * room, vector.type());
  std::vector<Slice> slices(static_cast<size_t>(count));
  const auto start = [&](int64_t i) {
    Vector scratch = scratch_.part(i % window * room, room);
    slices[static_cast<size_t>(i)] =
        start_slice(vector, scratch, i * each, std::min(elements, (i + 1) * each));
  };
  for (int64_t i = 0; i < window; ++i) start(i);
  for (int64_t i = 0; i < count; ++i) {
    finish_slice(mean, slices[static_cast<size_t>(i)]);
    if (i + window < count) start(i + window);
  }
  for (Slice& slice : slices) {
    wait_all(slice.means);
    wait_all(slice.sending);
  }
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

}  // namespace muster

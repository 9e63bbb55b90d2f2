#include <ATen/ops/zeros.h>

#include <algorithm>
#include <string>

#include "muster/base/error.h"
#include "muster/comm/collectives_module.h"
#include "muster/comm/local_mean_kernel.h"
#include "muster/comm/message_check.h"
#include "muster/flat/flat_buffer.h"

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
at::Tensor view(const at::Tensor& vector, const Part& part) {
  return vector.narrow(0, part.begin, part.size());
}

/// mean <- (vectors[0] + vectors[1] + ...) / their number, element by element in this order.
template <class T>
void mean_of(const std::vector<at::Tensor>& vectors, const at::Tensor& mean) {
  std::vector<T*> pointers;
  for (const at::Tensor& vector : vectors) pointers.push_back(vector.data_ptr<T>());
  kernel::MeanSlice<T> work{};
  work.vectors = pointers.data();
  work.count = static_cast<int64_t>(pointers.size());
  work.mean = mean.data_ptr<T>();
  kernel::mean_slice(work, 0, mean.numel(), nullptr);
}
void mean_of_all(const std::vector<at::Tensor>& vectors, const at::Tensor& mean) {
  if (mean.scalar_type() == at::kFloat)
    mean_of<float>(vectors, mean);
  else
    mean_of<double>(vectors, mean);
}

/// What one rank brings to an operation, as it travels: kind, root, type, then the length of what it sends to
/// every rank and of what it expects of every rank.
class Announcement {
 public:
  Announcement(at::Tensor numbers, int ranks) : numbers_(std::move(numbers)), ranks_(ranks) {}
  static int64_t length(int ranks) { return 3 + 2 * int64_t{ranks}; }
  int64_t& kind() { return at(0); }
  int64_t& root() { return at(1); }
  int64_t& type() { return at(2); }
  int64_t& sends_to(int rank) { return at(3 + rank); }
  int64_t& expects_of(int rank) { return at(3 + ranks_ + rank); }

 private:
  int64_t& at(int64_t place) { return numbers_.data_ptr<int64_t>()[place]; }
  at::Tensor numbers_;
  int ranks_;
};

std::string form(int64_t length, int64_t type) {
  return std::to_string(length) + " elements of type " + c10::toString(static_cast<at::ScalarType>(type));
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
  std::vector<at::Tensor> brought;     // my part, by rank
  Transfers sending, arriving, means;  // phase one: out and in; phase two: in
};

void Collectives::wait_all(Transfers& transfers) {
  for (auto& transfer : transfers) links_.wait(*transfer);
  transfers.clear();
}

void Collectives::agree(Kind kind, int64_t root, const std::vector<at::Tensor>& sent,
                        const std::vector<at::Tensor>& received) {
  ++operation_;
  const int size = links_.size(), rank = links_.rank();
  std::vector<at::Tensor> numbers;
  std::vector<Announcement> announcements;
  for (int other = 0; other < size; ++other) {
    numbers.push_back(at::zeros({Announcement::length(size)}, at::kLong));
    announcements.emplace_back(numbers.back(), size);
  }
  auto& mine = announcements[static_cast<size_t>(rank)];
  mine.kind() = static_cast<int64_t>(kind);
  mine.root() = root;
  mine.type() = static_cast<int64_t>(sent[0].scalar_type());
  for (int other = 0; other < size; ++other) {
    mine.sends_to(other) = sent[sent.size() == 1 ? 0 : static_cast<size_t>(other)].numel();
    mine.expects_of(other) = received[received.size() == 1 ? 0 : static_cast<size_t>(other)].numel();
  }
  Transfers transfers;
  for (int distance = 1; distance < size; ++distance) {
    const int other = peer(distance);
    transfers.push_back(links_.receive(numbers[static_cast<size_t>(other)], other, tag(0)));
    transfers.push_back(links_.send(numbers[static_cast<size_t>(rank)], other, tag(0)));
  }
  wait_all(transfers);
  const std::string mismatch = find_mismatch(announcements);
  if (!mismatch.empty()) throw Error("the ranks do not agree: " + mismatch);
}

void Collectives::mean(const at::Tensor& vector, at::Tensor& mean) {
  agree(Kind::mean, 0, {vector}, {mean});
  if (vector.numel() * static_cast<int64_t>(vector.element_size()) <= small_bytes)
    small_mean(vector, mean);
  else
    sliced_mean(vector, mean);
}

void Collectives::small_mean(const at::Tensor& vector, at::Tensor& mean) {
  if (vector.numel() == 0) return;
  std::vector<at::Tensor> brought(static_cast<size_t>(links_.size()));
  brought[static_cast<size_t>(links_.rank())] = vector;
  Transfers transfers;
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int other = peer(distance);
    auto& theirs = brought[static_cast<size_t>(other)] = flat_vector(vector.numel(), vector.scalar_type());
    transfers.push_back(links_.receive(theirs, other, tag(1)));
    transfers.push_back(links_.send(vector, other, tag(1)));
  }
  wait_all(transfers);
  mean_of_all(brought, mean);
}

Collectives::Slice Collectives::start_slice(const at::Tensor& vector, at::Tensor& scratch, int64_t begin,
                                            int64_t end) {
  const int size = links_.size(), rank = links_.rank();
  Slice slice;
  slice.brought.resize(static_cast<size_t>(size));
  for (int other = 0; other < size; ++other) slice.parts.push_back(part_of(begin, end, other, size));
  const Part& mine = slice.parts[static_cast<size_t>(rank)];
  if (mine.size() > 0) {
    const int64_t room = scratch.numel() / (size - 1);
    for (int distance = 1, place = 0; distance < size; ++distance, ++place) {
      // Who is first to send to me is first to be received from.
      const int from = (rank - distance + size) % size;
      auto& theirs = slice.brought[static_cast<size_t>(from)] = scratch.narrow(0, place * room, mine.size());
      slice.arriving.push_back(links_.receive(theirs, from, tag(1)));
    }
    slice.brought[static_cast<size_t>(rank)] = view(vector, mine);
  }
  for (int distance = 1; distance < size; ++distance) {
    const int other = peer(distance);
    const Part& theirs = slice.parts[static_cast<size_t>(other)];
    if (theirs.size() == 0) continue;
    slice.sending.push_back(links_.send(view(vector, theirs), other, tag(1)));
  }
  return slice;
}

void Collectives::finish_slice(at::Tensor& mean, Slice& slice) {
  const Part& mine = slice.parts[static_cast<size_t>(links_.rank())];
  wait_all(slice.arriving);
  // The others' means come into the places that my parts for them are sent from, where mean is the vector.
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int other = peer(distance);
    const Part& theirs = slice.parts[static_cast<size_t>(other)];
    if (theirs.size() > 0) slice.means.push_back(links_.receive(view(mean, theirs), other, tag(2)));
  }
  if (mine.size() == 0) return;
  const at::Tensor sum = view(mean, mine);
  mean_of_all(slice.brought, sum);
  for (int distance = 1; distance < links_.size(); ++distance)
    slice.sending.push_back(links_.send(sum, peer(distance), tag(2)));
}

void Collectives::sliced_mean(const at::Tensor& vector, at::Tensor& mean) {
  const int64_t elements = vector.numel(), size = links_.size();
  const int64_t each =
      std::max<int64_t>(part_grain * size, slice_bytes_ / static_cast<int64_t>(vector.element_size()) /
                                               (part_grain * size) * (part_grain * size));
  const int64_t count = (elements + each - 1) / each;
  const int64_t room = (size - 1) * part_of(0, each, 0, static_cast<int>(size)).size();
  // Slices under way at once; the scratch memory of one is used again by the one so many after it.
  const int64_t window =
      std::min(count, std::clamp<int64_t>(bytes_under_way / std::max<int64_t>(slice_bytes_, 1), 2, 8));
  if (!scratch_.defined() || scratch_.scalar_type() != vector.scalar_type() ||
      scratch_.numel() < window * room)
    scratch_ = flat_vector(window * room, vector.scalar_type());
  std::vector<Slice> slices(static_cast<size_t>(count));
  const auto start = [&](int64_t i) {
    at::Tensor scratch = scratch_.narrow(0, i % window * room, room);
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

void Collectives::exchange(const std::vector<at::Tensor>& parts, std::vector<at::Tensor>& received) {
  agree(Kind::exchange, 0, parts, received);
  const auto mine = static_cast<size_t>(links_.rank());
  Transfers transfers;
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int to = peer(distance), from = peer(links_.size() - distance);
    const at::Tensor& in = received[static_cast<size_t>(from)];
    const at::Tensor& out = parts[static_cast<size_t>(to)];
    if (in.numel() > 0) transfers.push_back(links_.receive(in, from, tag(1)));
    if (out.numel() > 0) transfers.push_back(links_.send(out, to, tag(1)));
  }
  if (!received[mine].is_same(parts[mine])) received[mine].copy_(parts[mine]);
  wait_all(transfers);
}

void Collectives::gather(const at::Tensor& part, std::vector<at::Tensor>& received) {
  agree(Kind::gather, 0, {part}, received);
  const auto mine = static_cast<size_t>(links_.rank());
  Transfers transfers;
  for (int distance = 1; distance < links_.size(); ++distance) {
    const int to = peer(distance), from = peer(links_.size() - distance);
    const at::Tensor& in = received[static_cast<size_t>(from)];
    if (in.numel() > 0) transfers.push_back(links_.receive(in, from, tag(1)));
    if (part.numel() > 0) transfers.push_back(links_.send(part, to, tag(1)));
  }
  if (!received[mine].is_same(part)) received[mine].copy_(part);
  wait_all(transfers);
}

void Collectives::broadcast(at::Tensor& vector, int root) {
  agree(Kind::broadcast, root, {vector}, {vector});
  if (vector.numel() == 0) return;
  Transfers transfers;
  if (links_.rank() != root) {
    transfers.push_back(links_.receive(vector, root, tag(1)));
  } else {
    for (int distance = 1; distance < links_.size(); ++distance)
      transfers.push_back(links_.send(vector, peer(distance), tag(1)));
  }
  wait_all(transfers);
}

}  // namespace muster

#include "muster/comm/sliced_mean.h"

#include <algorithm>

#include "muster/base/streaming_copy.h"
#include "muster/comm/local_mean_kernel.h"

namespace muster::inline comm {

namespace {

/// Slices under way together have about so many bytes: more would leave the processor's cache before they are
/// added up.
constexpr int64_t bytes_under_way = 16 << 20;
/// Slices under way at once where their parts are added up in the links' memory, which holds few of them.
constexpr int64_t views_under_way = 3;
/// Scratch memories for means of parts that are made in the cache before they are written past it.
constexpr int64_t made_at_once = 2;
/// A mean of more bytes goes past the caches, which could not hold it anyway.
constexpr int64_t direct_mean_bytes = 8 << 20;
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

template <class T>
void typed_mean(const std::vector<const std::byte*>& vectors, const Vector& mean) {
  std::vector<T*> pointers;
  // The kernel writes to the vectors only where it is told to.
  for (const std::byte* bytes : vectors)
    pointers.push_back(reinterpret_cast<T*>(const_cast<std::byte*>(bytes)));
  kernel::MeanSlice<T> work{};
  work.vectors = pointers.data();
  work.count = static_cast<int64_t>(pointers.size());
  work.mean = mean.data<T>();
  kernel::mean_slice(work, 0, mean.size(), nullptr);
}

/// The same mean, written past the caches to several targets of `size` elements.
template <class T>
void typed_stream(const std::vector<const std::byte*>& vectors, const std::vector<std::byte*>& targets,
                  int64_t size) {
  std::vector<const T*> from;
  std::vector<T*> to;
  for (const std::byte* bytes : vectors) from.push_back(reinterpret_cast<const T*>(bytes));
  for (std::byte* bytes : targets) to.push_back(reinterpret_cast<T*>(bytes));
  kernel::stream_mean(from.data(), static_cast<int64_t>(from.size()), to.data(),
                      static_cast<int64_t>(to.size()), size);
}

}  // namespace

void mean_in_order(const std::vector<const std::byte*>& vectors, const Vector& mean) {
  if (mean.type() == ElementType::float32)
    typed_mean<float>(vectors, mean);
  else
    typed_mean<double>(vectors, mean);
}

/// How a vector is cut.
struct SlicedMean::Cut {
  bool shown;      ///< parts are added up in memory of the links
  int64_t each;    ///< elements of a slice
  int64_t count;   ///< of slices
  int64_t window;  ///< slices under way at once
  bool apart;      ///< means of parts are made in scratch memory, which stays in the cache
  int64_t room;    ///< elements of scratch memory that a slice takes
  int64_t rooms;   ///< slice i uses the scratch memory of slice i - rooms
};

/// One slice under way: every rank's contribution to this rank's part, and what goes to and comes from
/// others.
struct SlicedMean::Slice {
  std::vector<Part> parts;                // of each rank
  std::vector<const std::byte*> brought;  // this rank's part of each rank's vector
  Vector scratch;                         // for what arrives, or for the mean of this rank's part
  Transfers sending, arriving;            // phase one
  Transfers sending_mean, means;          // phase two
};

SlicedMean::Cut SlicedMean::cut(const Vector& vector) const {
  const int64_t size = links_.size(), width = bytes_of(vector.type()), grain = part_grain * size;
  const auto shown = static_cast<int64_t>(links_.largest_view()) / (part_grain * width) * part_grain;
  Cut cut{.shown = shown > 0, .each = std::max(grain, slice_bytes_ / width / grain * grain)};
  if (cut.shown) cut.each = std::min(cut.each, shown * size);
  cut.count = (vector.size() + cut.each - 1) / cut.each;
  const int64_t wanted =
      cut.shown ? views_under_way
                : std::clamp<int64_t>(bytes_under_way / std::max<int64_t>(slice_bytes_, 1), 2, 8);
  cut.window = std::min(cut.count, wanted);
  cut.apart = cut.shown && vector.size() * width > direct_mean_bytes;
  const int64_t part = part_of(0, cut.each, 0, links_.size()).size();
  cut.room = cut.apart ? part : cut.shown ? 0 : (size - 1) * part;
  cut.rooms = cut.apart ? made_at_once : cut.window;
  return cut;
}

void SlicedMean::wait_all(Transfers& transfers) {
  for (auto& transfer : transfers) links_.wait(*transfer);
  transfers.clear();
}

/// Receives the others' contributions to this rank's part into scratch memory.
void SlicedMean::receive_parts(Slice& slice, int tag) {
  const int size = links_.size(), rank = links_.rank();
  const Part& mine = slice.parts[static_cast<size_t>(rank)];
  const int64_t room = slice.scratch.size() / (size - 1);
  for (int distance = 1, place = 0; distance < size && mine.size() > 0; ++distance, ++place) {
    // The rank that sends to this one first is received from first.
    const int from = (rank - distance + size) % size;
    const Vector theirs = slice.scratch.part(place * room, mine.size());
    slice.brought[static_cast<size_t>(from)] = theirs.host_bytes().data();
    slice.arriving.push_back(links_.receive(theirs.host_bytes(), from, tag));
  }
}

SlicedMean::Slice SlicedMean::start(const Vector& vector, const Cut& cut, int64_t number, int tag) {
  const int size = links_.size();
  const int64_t begin = number * cut.each, end = std::min(vector.size(), begin + cut.each);
  Slice slice;
  slice.brought.resize(static_cast<size_t>(size));
  for (int other = 0; other < size; ++other) slice.parts.push_back(part_of(begin, end, other, size));
  if (cut.room > 0) slice.scratch = scratch_.part(number % cut.rooms * cut.room, cut.room);
  if (!cut.shown) receive_parts(slice, tag);
  for (int distance = 1; distance < size; ++distance) {
    const int other = peer(distance);
    const Part& theirs = slice.parts[static_cast<size_t>(other)];
    if (theirs.size() > 0)
      slice.sending.push_back(links_.send(view(vector, theirs).host_bytes(), other, tag));
  }
  return slice;
}

/// The others' contributions to this rank's part in the links' memory: valid until the result is destroyed.
SlicedMean::Transfers SlicedMean::see_parts(Slice& slice, int64_t bytes, int tag) {
  Transfers shown;
  for (int distance = 1; distance < links_.size() && bytes > 0; ++distance)
    shown.push_back(links_.receive_anywhere(static_cast<size_t>(bytes), peer(distance), tag));
  for (size_t i = 0; i < shown.size(); ++i) {
    links_.wait(*shown[i]);
    slice.brought[static_cast<size_t>(peer(static_cast<int>(i) + 1))] = shown[i]->bytes().data();
  }
  return shown;
}

void SlicedMean::finish(const Vector& vector, const Vector& mean, const Cut& cut, Slice& slice, int tag) {
  const int size = links_.size(), rank = links_.rank();
  const Part& mine = slice.parts[static_cast<size_t>(rank)];
  Transfers shown;
  if (cut.shown) shown = see_parts(slice, mine.size() * bytes_of(vector.type()), tag);
  wait_all(slice.arriving);
  // Where `mean` is `vector`, the mean of another rank's part replaces this rank's contribution to that part.
  for (int distance = 1; distance < size; ++distance) {
    const int other = peer(distance);
    const Part& theirs = slice.parts[static_cast<size_t>(other)];
    if (theirs.size() > 0)
      slice.means.push_back(links_.receive(view(mean, theirs).host_bytes(), other, tag + 1));
  }
  if (mine.size() == 0) return;
  slice.brought[static_cast<size_t>(rank)] = view(vector, mine).host_bytes().data();
  const Vector sum = view(mean, mine);
  if (cut.apart && make_in_links(slice, sum, tag + 1)) return;
  const Vector made = cut.apart ? slice.scratch.part(0, mine.size()) : sum;
  mean_in_order(slice.brought, made);
  shown.clear();
  for (int distance = 1; distance < size; ++distance)
    slice.sending_mean.push_back(links_.send(made.host_bytes(), peer(distance), tag + 1));
  if (cut.apart) streaming_copy(sum.host_bytes().data(), made.host_bytes().data(), made.host_bytes().size());
}

/// Writes the mean of this rank's part to its place and into the links' memory for the others, and sends it.
/// False where the links have no memory for one of them at the moment: then nothing is done.
bool SlicedMean::make_in_links(Slice& slice, const Vector& mean, int tag) {
  std::vector<std::byte*> targets = {mean.host_bytes().data()};
  const size_t bytes = mean.host_bytes().size();
  for (int distance = 1; distance < links_.size(); ++distance) {
    targets.push_back(links_.room_for(bytes, peer(distance)).data());
    if (targets.back() == nullptr) return false;
  }
  if (mean.type() == ElementType::float32)
    typed_stream<float>(slice.brought, targets, mean.size());
  else
    typed_stream<double>(slice.brought, targets, mean.size());
  for (int distance = 1; distance < links_.size(); ++distance)
    slice.sending_mean.push_back(
        links_.send({targets[static_cast<size_t>(distance)], bytes}, peer(distance), tag));
  return true;
}

void SlicedMean::reserve(const Vector& vector, const Cut& cut) {
  const int64_t elements = cut.rooms * cut.room;
  if (elements == 0) return;
  if (!scratch_.defined() || scratch_.type() != vector.type() || scratch_.size() < elements)
    scratch_ = flat_vector(elements, vector.type());
}

void SlicedMean::run(const Vector& vector, const Vector& mean, int tag) {
  const Cut cut = this->cut(vector);
  reserve(vector, cut);
  std::vector<Slice> slices;
  for (int64_t i = 0; i < cut.window; ++i) slices.push_back(start(vector, cut, i, tag));
  for (int64_t i = 0; i < cut.count; ++i) {
    if (cut.apart && i >= cut.rooms) wait_all(slices[static_cast<size_t>(i - cut.rooms)].sending_mean);
    finish(vector, mean, cut, slices[static_cast<size_t>(i)], tag);
    if (i + cut.window < cut.count) slices.push_back(start(vector, cut, i + cut.window, tag));
  }
  for (Slice& slice : slices) {
    wait_all(slice.means);
    wait_all(slice.sending_mean);
    wait_all(slice.sending);
  }
}

}  // namespace muster::inline comm

#include "muster/flat/checked_segments.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline flat {

namespace {

std::vector<int64_t> dense_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = step;
    step *= shape[d];
  }
  return strides;
}

/// Visits the contiguous runs of a segment in the order of the indices: visit(first element, number of
/// elements).
template <class Visit>
void for_each_run(const Segment& segment, Visit visit) {
  const int64_t elements = elements_of(segment);
  if (elements == 0) return;
  size_t outer = segment.shape.size();
  int64_t run = 1;
  for (; outer > 0 && (segment.shape[outer - 1] == 1 || segment.strides[outer - 1] == run); --outer)
    run *= segment.shape[outer - 1];
  std::vector<int64_t> index(outer, 0);
  for (int64_t left = elements / run; left > 0; --left) {
    int64_t at = 0;
    for (size_t d = 0; d < outer; ++d) at += index[d] * segment.strides[d];
    visit(at, run);
    for (size_t d = outer; d-- > 0 && ++index[d] == segment.shape[d];) index[d] = 0;
  }
}

/// Bytes from the beginning of a segment's first element to the end of its last one.
int64_t span(const Segment& segment) {
  int64_t last = 0;
  for (size_t d = 0; d < segment.shape.size(); ++d) last += (segment.shape[d] - 1) * segment.strides[d];
  return (last + 1) * bytes_of(segment.type);
}

}  // namespace

int64_t elements_of(const Segment& segment) {
  int64_t elements = 1;
  for (const int64_t size : segment.shape) elements *= size;
  return elements;
}

CheckedSegments::CheckedSegments(std::vector<Segment> segments) : all_(std::move(segments)) {
  for (Segment& segment : all_) complete(segment);
  require_apart();
}

std::string CheckedSegments::name(const Segment& segment) const {
  return segment.name.empty() ? "segment " + std::to_string(&segment - all_.data())
                              : "segment '" + segment.name + "'";
}

void CheckedSegments::refuse(const Segment& segment, const std::string& why) const {
  throw Error(name(segment) + " " + why);
}

void CheckedSegments::complete(Segment& segment) const {
  int64_t bytes = bytes_of(segment.type);  // zero sizes left out: strides must not overflow either
  for (const int64_t size : segment.shape) {
    if (size < 0) refuse(segment, "has a size of " + std::to_string(size) + ": give 0 or more");
    if (size > 0 && __builtin_mul_overflow(bytes, size, &bytes))
      refuse(segment, "has more elements than any memory");
  }
  if (segment.strides.empty()) segment.strides = dense_strides(segment.shape);
  if (segment.strides.size() != segment.shape.size())
    refuse(segment, "has " + std::to_string(segment.strides.size()) + " strides for " +
                        std::to_string(segment.shape.size()) + " dimensions: give one for each");
  if (elements_of(segment) == 0) return;
  if (!segment.values) refuse(segment, "has elements and a null pointer to them");
  if (segment.trained && !is_real(segment.type))
    refuse(segment,
           std::string("is of type ") + name_of(segment.type) + ": what is trained must be Float or Double");
  require_own_elements(segment);
}

/// In rising order, each stride must be larger than the range of elements that the smaller strides cover.
void CheckedSegments::require_own_elements(const Segment& segment) const {
  std::vector<std::pair<int64_t, int64_t>> steps;  // stride, size
  for (size_t d = 0; d < segment.shape.size(); ++d)
    if (segment.shape[d] > 1) steps.emplace_back(segment.strides[d], segment.shape[d]);
  std::sort(steps.begin(), steps.end());
  int64_t reach = 1;
  for (const auto& [stride, size] : steps) {
    if (stride < 0) refuse(segment, "has a stride of " + std::to_string(stride) + ": give 1 or more");
    if (stride < reach) refuse(segment, "has strides that let elements share memory: give a dense one");
    int64_t step = 0;
    if (__builtin_mul_overflow(stride, size - 1, &step) || __builtin_add_overflow(step, reach, &reach) ||
        reach > INT64_MAX / bytes_of(segment.type))
      refuse(segment, "has strides beyond any memory");
  }
}

void CheckedSegments::require_apart() const {
  struct Stretch {
    const std::byte* begin;
    const Segment* segment;
    const char* what;
  };
  std::vector<Stretch> stretches;
  for (const Segment& segment : all_) {
    if (elements_of(segment) == 0) continue;
    stretches.push_back({static_cast<const std::byte*>(segment.values), &segment, ""});
    if (segment.trained && segment.gradient)
      stretches.push_back({static_cast<const std::byte*>(segment.gradient), &segment, "the gradient of "});
  }
  std::sort(stretches.begin(), stretches.end(),
            [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < stretches.size(); ++i) {
    const Stretch &before = stretches[i - 1], &here = stretches[i];
    if (here.begin < before.begin + span(*before.segment))
      throw Error(here.what + name(*here.segment) + " shares memory with " + before.what +
                  name(*before.segment) + ": give each its own");
  }
}

void CheckedSegments::require_same_forms(const CheckedSegments& found) const {
  if (found.all_.size() != all_.size())
    throw Error("the segments found again are " + std::to_string(found.all_.size()) + ", and were " +
                std::to_string(all_.size()));
  for (size_t i = 0; i < all_.size(); ++i) {
    const Segment &was = all_[i], &is = found.all_[i];
    if (is.shape != was.shape || is.strides != was.strides || is.type != was.type ||
        is.trained != was.trained)
      refuse(was, "was found again with another shape, strides or type");
  }
}

int64_t pack_segment(const Segment& segment, const void* place, std::byte* packed) {
  const int64_t width = bytes_of(segment.type);
  int64_t done = 0;
  for_each_run(segment, [&](int64_t first, int64_t elements) {
    std::memcpy(packed + done, static_cast<const std::byte*>(place) + first * width,
                static_cast<size_t>(elements * width));
    done += elements * width;
  });
  return done;
}

int64_t unpack_segment(const Segment& segment, void* place, const std::byte* packed) {
  const int64_t width = bytes_of(segment.type);
  int64_t done = 0;
  for_each_run(segment, [&](int64_t first, int64_t elements) {
    std::memcpy(static_cast<std::byte*>(place) + first * width, packed + done,
                static_cast<size_t>(elements * width));
    done += elements * width;
  });
  return done;
}

}  // namespace muster::inline flat

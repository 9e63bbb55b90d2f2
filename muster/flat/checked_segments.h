#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "muster/flat/segments.h"

namespace muster::inline flat {

/// Elements of a segment.
int64_t elements_of(const Segment& segment);

/// The segments of one model in order, each with explicit strides, checked as ParametersOf<Segments> says.
class CheckedSegments {
 public:
  /// Throws Error, naming the segment.
  explicit CheckedSegments(std::vector<Segment> segments);

  std::vector<Segment>::const_iterator begin() const { return all_.begin(); }
  std::vector<Segment>::const_iterator end() const { return all_.end(); }

  /// "segment 'weights'", or "segment 3" where it has no name.
  std::string name(const Segment& segment) const;
  /// Throws Error where one of `found` differs from the segment here in shape, strides, type or `trained`.
  void require_same_forms(const CheckedSegments& found) const;

 private:
  [[noreturn]] void refuse(const Segment& segment, const std::string& why) const;
  void complete(Segment& segment) const;
  void require_own_elements(const Segment& segment) const;
  void require_apart() const;

  std::vector<Segment> all_;
};

/// packed <- the elements at `place`, which have the segment's shape and strides, in the order of their
/// indices. Returns the number of bytes.
int64_t pack_segment(const Segment& segment, const void* place, std::byte* packed);
/// The inverse: the elements at `place` <- packed.
int64_t unpack_segment(const Segment& segment, void* place, const std::byte* packed);

}  // namespace muster::inline flat

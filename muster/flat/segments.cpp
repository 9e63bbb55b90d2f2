#include "muster/flat/segments.h"

#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/fnv.h"
#include "muster/flat/checked_segments.h"

namespace muster::inline flat {

namespace {

class SegmentParameters final : public ParameterSource {
 public:
  explicit SegmentParameters(const Segments& given)
      : find_again_(given.find_again), segments_(given.segments) {
    Fnv1a hash;
    for (const Segment& segment : segments_) {
      add_form(hash, segment);
      if (segment.trained)
        add_trained(segment);
      else
        frozen_bytes_ += elements_of(segment) * bytes_of(segment.type);
    }
    if (count_ == 0) throw Error("no segment is trained: there is nothing to average");
    fingerprint_ = static_cast<int64_t>(hash.value());
  }

  ElementType type() const override { return type_; }
  int64_t size() const override { return size_; }
  int64_t count() const override { return count_; }
  Device device() const override { return {}; }
  int64_t fingerprint() const override { return fingerprint_; }

  void refresh() override {
    if (!find_again_) return;
    CheckedSegments now(find_again_());
    segments_.require_same_forms(now);
    segments_ = std::move(now);
  }

  void pack(const Vector& to) const override { pack_all(true, to); }
  void unpack(const Vector& from) override { unpack_all(true, from); }
  int64_t frozen_bytes() const override { return frozen_bytes_; }
  void pack_frozen(const Vector& to) const override { pack_all(false, to); }
  void unpack_frozen(const Vector& from) override { unpack_all(false, from); }

  void pack_gradients(const Vector& packed) const override {
    packed.fill_zero();
    auto* at = static_cast<std::byte*>(packed.host());
    int64_t tensor = 0;
    for (const Segment& segment : segments_) {
      if (!segment.trained) continue;
      if (segment.gradient) pack_segment(segment, segment.gradient, at);
      at += elements_of(segment) * bytes_of(type_);
      set_mark(packed, tensor++, segment.gradient ? 1 : 0);
    }
  }

  void unpack_gradients(const Vector& packed) override {
    require_all_or_none(packed);
    const auto* at = static_cast<const std::byte*>(packed.host());
    for (const Segment& segment : segments_) {
      if (!segment.trained) continue;
      if (segment.gradient) unpack_segment(segment, segment.gradient, at);
      at += elements_of(segment) * bytes_of(type_);
    }
  }

 private:
  static void add_form(Fnv1a& hash, const Segment& segment) {
    hash.add(static_cast<int64_t>(segment.shape.size()));
    for (const int64_t size : segment.shape) hash.add(size);
    for (const int64_t stride : segment.strides) hash.add(stride);
    hash.add(static_cast<int64_t>(segment.type));
    hash.add(static_cast<int64_t>(segment.trained));
  }

  void add_trained(const Segment& segment) {
    if (count_ == 0) type_ = segment.type;
    if (segment.type != type_)
      throw Error(segments_.name(segment) + " is trained in " + name_of(segment.type) +
                  ", and those before it in " + name_of(type_) + ": all must have one type");
    size_ += elements_of(segment);
    ++count_;
  }

  void pack_all(bool trained, const Vector& packed) const {
    auto* at = static_cast<std::byte*>(packed.host());
    for (const Segment& segment : segments_)
      if (segment.trained == trained) at += pack_segment(segment, segment.values, at);
  }
  void unpack_all(bool trained, const Vector& packed) const {
    const auto* at = static_cast<const std::byte*>(packed.host());
    for (const Segment& segment : segments_)
      if (segment.trained == trained) at += unpack_segment(segment, segment.values, at);
  }

  /// Throws where a mean of marks lies between 0 and 1. All ranks see the same mean, so all of them throw.
  void require_all_or_none(const Vector& packed) const {
    int64_t tensor = 0;
    for (const Segment& segment : segments_) {
      if (!segment.trained) continue;
      const double share = mark(packed, tensor++);
      if (share > 0 && share < 1)
        throw Error(
            segments_.name(segment) +
            " has a gradient on some ranks only: give it memory on all, with zeros where it has none");
    }
  }
  void set_mark(const Vector& packed, int64_t tensor, int value) const {
    if (type_ == ElementType::float64)
      packed.data<double>()[size_ + tensor] = value;
    else
      packed.data<float>()[size_ + tensor] = static_cast<float>(value);
  }
  double mark(const Vector& packed, int64_t tensor) const {
    return type_ == ElementType::float64 ? packed.data<double>()[size_ + tensor]
                                         : static_cast<double>(packed.data<float>()[size_ + tensor]);
  }

  std::function<std::vector<Segment>()> find_again_;
  CheckedSegments segments_;
  ElementType type_ = ElementType::float32;
  int64_t size_ = 0, count_ = 0, frozen_bytes_ = 0, fingerprint_ = 0;
};

class SegmentValues final : public ValueSource {
 public:
  explicit SegmentValues(const Segments& given)
      : segments_(as_values(given.find_again ? given.find_again() : given.segments)) {}

  int64_t size(ElementType type) const override {
    int64_t elements = 0;
    for (const Segment& segment : segments_)
      if (segment.type == type) elements += elements_of(segment);
    return elements;
  }
  void pack(ElementType type, const Vector& to) const override {
    auto* at = static_cast<std::byte*>(to.host());
    for (const Segment& segment : segments_)
      if (segment.type == type) at += pack_segment(segment, segment.values, at);
  }
  void unpack(ElementType type, const Vector& from) override {
    const auto* at = static_cast<const std::byte*>(from.host());
    for (const Segment& segment : segments_)
      if (segment.type == type) at += unpack_segment(segment, segment.values, at);
  }

 private:
  /// Integer segments count as frozen: they are not averaged.
  static std::vector<Segment> as_values(std::vector<Segment> segments) {
    for (Segment& segment : segments) segment.trained = is_real(segment.type);
    return segments;
  }

  CheckedSegments segments_;
};

}  // namespace

std::unique_ptr<ParameterSource> ParametersOf<Segments>::parameters(const Segments& segments) {
  return std::make_unique<SegmentParameters>(segments);
}

std::unique_ptr<ValueSource> ParametersOf<Segments>::values(const Segments& segments) {
  return std::make_unique<SegmentValues>(segments);
}

}  // namespace muster::inline flat

#include "muster/flat/vector.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline flat {

namespace {

std::shared_ptr<HostMemory> memory_for(int64_t size, ElementType type, bool zero) {
  invariant(size >= 0, "a vector's size is not negative");
  size_t bytes = 0;
  if (__builtin_mul_overflow(size, bytes_of(type), &bytes)) bytes = SIZE_MAX;  // which no memory has
  return zero ? HostMemory::zeroed(bytes) : HostMemory::uninitialised(bytes);
}

[[noreturn]] void refuse_device(const std::string& what, Device device) {
  throw Error(what + " lies on " + device.name() + ", and what is to be done with it computes on the CPU");
}

}  // namespace

const char* name_of(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return "Float";
    case ElementType::float64:
      return "Double";
    case ElementType::int64:
      return "Long";
    case ElementType::byte:
      return "Byte";
  }
  throw Bug("an element type without a name");
}

Vector::Vector(std::shared_ptr<Memory> memory, ElementType type, int64_t begin, int64_t size)
    : memory_(std::move(memory)), type_(type), begin_(begin), size_(size) {
  invariant(memory_ != nullptr, "a vector lies in some memory");
  const auto elements = static_cast<int64_t>(memory_->bytes() / static_cast<size_t>(bytes_of(type)));
  invariant(begin >= 0 && size >= 0 && begin <= elements && size <= elements - begin,
            "a vector lies within its memory");
}

void* Vector::address() const {
  invariant(defined(), "a vector that is none has no address");
  return static_cast<char*>(memory_->data()) + begin_ * bytes_of(type_);
}

void* Vector::host() const {
  invariant(defined(), "a vector that is none has no address");
  if (!memory_->device().is_cpu()) refuse_device("a vector", memory_->device());
  return address();
}

void* Vector::host(ElementType type) const {
  invariant(type == type_, "a vector's elements are read as another type than theirs");
  return host();
}

Vector Vector::part(int64_t begin, int64_t size) const {
  invariant(defined() && begin >= 0 && size >= 0 && begin <= size_ && size <= size_ - begin,
            "a part lies within its vector");
  return {memory_, type_, begin_ + begin, size};
}

Vector Vector::as(ElementType type) const {
  const int64_t begin = begin_ * bytes_of(type_), width = bytes_of(type);
  invariant(defined() && begin % width == 0 && bytes() % width == 0, "elements of another type do not fit");
  return {memory_, type, begin / width, bytes() / width};
}

void Vector::copy_from(const Vector& other) const {
  invariant(same_form(*this, other), "a vector takes the values of one of its size and type");
  if (size_ > 0 && host() != other.host()) std::memcpy(host(), other.host(), static_cast<size_t>(bytes()));
}

Vector Vector::copy() const {
  Vector copied = uninitialised_vector(size_, type_);
  copied.copy_from(*this);
  return copied;
}

void Vector::fill_zero() const {
  if (size_ > 0) std::memset(host(), 0, static_cast<size_t>(bytes()));
}

bool Vector::is_whole() const {
  return defined() && begin_ == 0 && static_cast<size_t>(bytes()) == memory_->bytes();
}

bool Vector::is_same(const Vector& other) const {
  return memory_ == other.memory_ && begin_ == other.begin_ && size_ == other.size_ && type_ == other.type_;
}

Vector flat_vector(int64_t size, ElementType type) { return {memory_for(size, type, true), type, 0, size}; }

Vector uninitialised_vector(int64_t size, ElementType type) {
  return {memory_for(size, type, false), type, 0, size};
}

bool exchange_memory(const Vector& a, const Vector& b) {
  return a.is_whole() && b.is_whole() && same_form(a, b) && Memory::exchange(*a.memory(), *b.memory());
}

bool same_bits(const Vector& a, const Vector& b) {
  if (a.defined() != b.defined()) return false;
  if (!a.defined()) return true;
  return same_form(a, b) &&
         (a.size() == 0 || std::memcmp(a.host(), b.host(), static_cast<size_t>(a.bytes())) == 0);
}

void require_flat(const Vector& vector, int64_t size, ElementType type, const char* what) {
  if (vector.defined() && !vector.device().is_cpu()) refuse_device(what, vector.device());
  if (is_real(type) && vector.defined() && vector.size() == size && vector.type() == type) return;
  throw Bug(std::string(what) + " is not a contiguous float or double vector of " + std::to_string(size) +
            " elements");
}

}  // namespace muster::inline flat

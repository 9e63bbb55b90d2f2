#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::inline flat {

/// One tensor's place in a flat vector.
struct Piece {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0;         ///< in elements
  int64_t size = 0;           ///< in elements
  bool norm_or_bias = false;  ///< weight decay may leave it out
  bool operator==(const Piece&) const = default;
};

/// Where every tensor of a model lies in one contiguous vector, in order and without gaps, so that messages
/// hold exactly the bytes of the model.
class Layout {
 public:
  /// Appends a tensor behind the last one.
  void add(std::string name, std::vector<int64_t> shape, bool norm_or_bias = false);

  const std::vector<Piece>& pieces() const { return pieces_; }
  int64_t size() const { return size_; }  ///< elements in all
  bool operator==(const Layout&) const = default;

 private:
  std::vector<Piece> pieces_;
  int64_t size_ = 0;
};

}  // namespace muster::inline flat

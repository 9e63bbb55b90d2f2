#include "muster/train/equality.h"

#include <fmt/format.h>

#include "muster/base/checksum.h"
#include "muster/base/error.h"
#include "muster/flat/vector.h"

namespace muster::inline train {

namespace {

int64_t checksum(const Vector& vector) {
  Checksum sum;
  sum.add(vector.host(), static_cast<size_t>(vector.bytes()));
  return static_cast<int64_t>(sum.value());
}

/// The unit of comparison: a layer of a vector, or a whole vector.
struct Part {
  std::string name;
  int64_t sum;
};

std::vector<Part> parts_of(const std::vector<Shared>& vectors, const Layout& layout) {
  std::vector<Part> parts;
  for (const Shared& shared : vectors) {
    if (shared.vector.size() != layout.size()) {
      parts.push_back({shared.name, checksum(shared.vector)});
      continue;
    }
    for (const Piece& piece : layout.pieces())
      parts.push_back({fmt::format("layer '{}' of the {}", piece.name, shared.name),
                       checksum(shared.vector.part(piece.offset, piece.size))});
  }
  return parts;
}

}  // namespace

void require_equal_on_all_ranks(Communicator& group, const std::vector<Shared>& vectors, const Layout& layout,
                                Deadline deadline) {
  const std::vector<Part> parts = parts_of(vectors, layout);
  const auto count = static_cast<int64_t>(parts.size());
  Vector mine = uninitialised_vector(count, ElementType::int64);
  for (size_t i = 0; i < parts.size(); ++i) mine.data<int64_t>()[i] = parts[i].sum;
  std::vector<Vector> all;
  for (int rank = 0; rank < group.size(); ++rank)
    all.push_back(uninitialised_vector(count, ElementType::int64));
  group.start_gather(mine, all)->wait(deadline);
  for (size_t i = 0; i < parts.size(); ++i)
    for (size_t rank = 1; rank < all.size(); ++rank)
      if (all[rank].data<int64_t>()[i] != all[0].data<int64_t>()[i])
        throw Error(
            fmt::format("run.verify: {} differs between rank {} and rank 0; memory or network of one of them "
                        "is not to be "
                        "trusted",
                        parts[i].name, rank));
}

}  // namespace muster::inline train

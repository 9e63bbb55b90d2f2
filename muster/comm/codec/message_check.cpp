#include "muster/comm/codec/message_check.h"

#include "muster/base/error.h"

namespace muster::inline comm {

std::string describe(const Vector& vector) {
  return std::to_string(vector.size()) + " elements of type " + name_of(vector.type());
}

void require_message(const Vector& vector) {
  if (!vector.defined() || !vector.device().is_cpu())
    throw Error("a group's operations need vectors on the CPU");
}

void require_averageable(const Vector& vector, const Vector& mean) {
  require_message(vector);
  require_message(mean);
  if (vector.type() != ElementType::float32 && vector.type() != ElementType::float64)
    throw Error("cannot average " + describe(vector) + ": give Float or Double");
  if (!same_form(vector, mean))
    throw Error("the mean of " + describe(vector) + " does not fit into " + describe(mean));
}

void require_one_per_rank(const std::vector<Vector>& vectors, int ranks, const char* what) {
  if (vectors.size() != static_cast<size_t>(ranks))
    throw Error(std::to_string(vectors.size()) + " " + what + " given to a group of " +
                std::to_string(ranks) + ": give one for each rank");
  for (const Vector& vector : vectors) require_message(vector);
}

}  // namespace muster::inline comm

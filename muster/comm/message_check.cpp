#include "muster/comm/message_check.h"

#include "muster/base/error.h"

namespace muster {

std::string describe(const at::Tensor& vector) {
  return std::to_string(vector.numel()) + " elements of type " + c10::toString(vector.scalar_type());
}

void require_message(const at::Tensor& vector) {
  if (!vector.defined() || !vector.is_cpu() || vector.dim() != 1 || !vector.is_contiguous())
    throw Error("a group's operations need contiguous one-dimensional vectors on the CPU");
}

void require_averageable(const at::Tensor& vector, const at::Tensor& mean) {
  require_message(vector);
  require_message(mean);
  if (vector.scalar_type() != at::kFloat && vector.scalar_type() != at::kDouble)
    throw Error("cannot average " + describe(vector) + ": give Float or Double");
  if (!same_form(vector, mean))
    throw Error("the mean of " + describe(vector) + " does not fit into " + describe(mean));
}

void require_one_per_rank(const std::vector<at::Tensor>& vectors, int ranks, const char* what) {
  if (vectors.size() != static_cast<size_t>(ranks))
    throw Error(std::to_string(vectors.size()) + " " + what + " given to a group of " +
                std::to_string(ranks) + ": give one for each rank");
  for (const at::Tensor& vector : vectors) require_message(vector);
}

bool same_form(const at::Tensor& a, const at::Tensor& b) {
  return a.numel() == b.numel() && a.scalar_type() == b.scalar_type();
}

}  // namespace muster

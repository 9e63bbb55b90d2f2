#include "muster/libtorch/local_updates.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/detach.h>

#include "muster/base/error.h"
#include "muster/libtorch/parameter_vector.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline flat {

namespace {

class TensorValues final : public ValueSource {
 public:
  explicit TensorValues(const std::vector<at::Tensor>& tensors) : tensors_(tensors) {
    for (const at::Tensor& tensor : tensors_)
      if (!tensor.defined() || !tensor.is_cpu() || tensor.layout() != at::kStrided)
        throw Error("average() needs dense tensors on the CPU");
  }

  int64_t size(ElementType type) const override {
    int64_t elements = 0;
    for (const at::Tensor& tensor : tensors_)
      if (tensor.scalar_type() == scalar_type(type)) elements += tensor.numel();
    return elements;
  }

  void pack(ElementType type, const Vector& to) const override {
    for_each(type, to, [](const at::Tensor& tensor, const at::Tensor& place) { place.copy_(tensor); });
  }
  void unpack(ElementType type, const Vector& from) override {
    for_each(type, from,
             [](const at::Tensor& tensor, const at::Tensor& place) { tensor.detach().copy_(place); });
  }

 private:
  template <class Visit>
  void for_each(ElementType type, const Vector& packed, Visit visit) const {
    const at::NoGradGuard no_grad;
    const at::Tensor flat = tensor_of(packed);
    int64_t offset = 0;
    for (const at::Tensor& tensor : tensors_) {
      if (tensor.scalar_type() != scalar_type(type)) continue;
      visit(tensor, flat.narrow(0, offset, tensor.numel()).view(tensor.sizes()));
      offset += tensor.numel();
    }
  }

  std::vector<at::Tensor> tensors_;
};

}  // namespace

std::unique_ptr<ParameterSource> ParametersOf<std::vector<at::Tensor>>::parameters(
    const std::vector<at::Tensor>& parameters) {
  return std::make_unique<ParameterVector>(parameters);
}

std::unique_ptr<ValueSource> ParametersOf<std::vector<at::Tensor>>::values(
    const std::vector<at::Tensor>& tensors) {
  return std::make_unique<TensorValues>(tensors);
}

}  // namespace muster::inline flat

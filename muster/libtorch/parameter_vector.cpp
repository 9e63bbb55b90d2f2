#include "muster/libtorch/parameter_vector.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>

#include "muster/base/error.h"
#include "muster/base/fnv.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline libtorch {

namespace {

std::string describe(size_t index, const at::Tensor& parameter) {
  return fmt::format("parameter {} ({} of shape [{}])", index, c10::toString(parameter.scalar_type()),
                     fmt::join(parameter.sizes(), ", "));
}

void require_usable(size_t index, const at::Tensor& parameter) {
  if (!parameter.defined()) throw Error(fmt::format("parameter {} is an undefined tensor", index));
  if (!parameter.is_cpu() || parameter.layout() != at::kStrided)
    throw Error(describe(index, parameter) + " must be a dense tensor on the CPU");
  if (!parameter.is_leaf())
    throw Error(describe(index, parameter) + " is the result of an operation: give the leaf itself");
  const bool real = parameter.scalar_type() == at::kFloat || parameter.scalar_type() == at::kDouble;
  if (parameter.requires_grad() && !real)
    throw Error(describe(index, parameter) + " cannot be averaged: trained parameters are Float or Double");
}

/// Refuses tensors that overlap: each gets memory of its own, so they would no longer share values.
void require_apart(const std::vector<at::Tensor>& parameters) {
  struct Span {
    const char* begin;
    const char* end;
    size_t index;
  };
  std::vector<Span> spans;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].numel() == 0) continue;
    int64_t last = 0;
    for (int64_t d = 0; d < parameters[i].dim(); ++d)
      last += (parameters[i].size(d) - 1) * parameters[i].stride(d);
    const auto* begin = static_cast<const char*>(parameters[i].data_ptr());
    spans.push_back({begin, begin + (last + 1) * static_cast<int64_t>(parameters[i].element_size()), i});
  }
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < spans.size(); ++i)
    if (spans[i].begin < spans[i - 1].end)
      throw Error(fmt::format("parameters {} and {} share memory: give the tensor that holds both",
                              std::min(spans[i].index, spans[i - 1].index),
                              std::max(spans[i].index, spans[i - 1].index)));
}

void add(Fnv1a& hash, at::IntArrayRef numbers) {
  hash.add(static_cast<int64_t>(numbers.size()));
  for (const int64_t number : numbers) hash.add(number);
}

}  // namespace

ParameterVector::ParameterVector(const std::vector<at::Tensor>& parameters) {
  std::set<const void*> seen;
  std::vector<at::Tensor> distinct;
  Fnv1a hash;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor& parameter = parameters[i];
    require_usable(i, parameter);
    if (!seen.insert(parameter.unsafeGetTensorImpl()).second) continue;
    distinct.push_back(parameter);
    add(hash, parameter.sizes());
    if (!parameter.requires_grad()) {
      hash.add(static_cast<int64_t>(parameter.scalar_type()));
      frozen_.push_back(parameter);
      continue;
    }
    if (!trained_.empty() && parameter.scalar_type() != trained_[0].scalar_type())
      throw Error(fmt::format("{} has another type than the parameters before it ({}): all must have one",
                              describe(i, parameter), c10::toString(trained_[0].scalar_type())));
    const at::Tensor place =
        parameter.is_non_overlapping_and_dense() ? parameter.detach() : parameter.detach().contiguous();
    strides_.push_back(place.strides().vec());
    add(hash, place.strides());
    layout_.add(std::to_string(trained_.size()), parameter.sizes().vec());
    trained_.push_back(parameter);
  }
  require_apart(distinct);
  if (trained_.empty()) throw Error("no parameter requires a gradient: there is nothing to train");
  fingerprint_ = static_cast<int64_t>(hash.value());
  vector_ = storage_vector(layout_.size(), element_type(trained_[0].scalar_type()));
  flat_ = tensor_of(vector_);
  refresh();
}

at::Tensor ParameterVector::view(size_t index) const {
  const Piece& piece = layout_.pieces()[index];
  return flat_.as_strided(piece.shape, strides_[index], piece.offset);
}

void ParameterVector::refresh() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < trained_.size(); ++i) {
    const at::Tensor place = view(i);
    if (trained_[i].numel() == 0 || trained_[i].data_ptr() == place.data_ptr()) continue;
    if (!trained_[i].is_cpu() || trained_[i].scalar_type() != place.scalar_type() ||
        trained_[i].sizes() != place.sizes())
      throw Error(describe(i, trained_[i]) +
                  " had another shape, type or device before: make LocalUpdates "
                  "after such changes");
    place.copy_(trained_[i]);
    trained_[i].set_data(place);
  }
}

void ParameterVector::pack_gradients(const Vector& vector) const {
  const at::NoGradGuard no_grad;
  const at::Tensor packed = tensor_of(vector);
  for (size_t i = 0; i < trained_.size(); ++i) {
    const Piece& piece = layout_.pieces()[i];
    const at::Tensor& gradient = trained_[i].grad();
    if (gradient.defined() && gradient.layout() != at::kStrided)
      throw Error(describe(i, trained_[i]) + " has a sparse gradient: only dense ones can be averaged");
    const at::Tensor place = view_of(packed, piece);
    if (gradient.defined())
      place.copy_(gradient);
    else
      place.zero_();
    packed.narrow(0, layout_.size() + static_cast<int64_t>(i), 1).fill_(gradient.defined() ? 1.0 : 0.0);
  }
}

void ParameterVector::unpack_gradients(const Vector& vector) {
  const at::NoGradGuard no_grad;
  const at::Tensor packed = tensor_of(vector);
  for (size_t i = 0; i < trained_.size(); ++i) {
    const bool somewhere = packed[layout_.size() + static_cast<int64_t>(i)].item<double>() > 0;
    if (!somewhere) continue;
    at::Tensor& gradient = trained_[i].mutable_grad();
    if (!gradient.defined()) gradient = at::empty_like(trained_[i]);
    gradient.copy_(view_of(packed, layout_.pieces()[i]));
  }
}

int64_t ParameterVector::frozen_bytes() const {
  int64_t bytes = 0;
  for (const at::Tensor& frozen : frozen_) bytes += static_cast<int64_t>(frozen.nbytes());
  return bytes;
}

void ParameterVector::pack_frozen(const Vector& to) const {
  const at::NoGradGuard no_grad;
  auto* at = to.data<uint8_t>();
  for (const at::Tensor& frozen : frozen_) {
    const at::Tensor dense = frozen.detach().contiguous();
    if (dense.nbytes() > 0) std::memcpy(at, dense.data_ptr(), dense.nbytes());
    at += dense.nbytes();
  }
}

void ParameterVector::unpack_frozen(const Vector& from) {
  const at::NoGradGuard no_grad;
  const auto* at = from.data<uint8_t>();
  for (const at::Tensor& frozen : frozen_) {
    const at::Tensor dense =
        at::empty(frozen.sizes(), frozen.options().memory_format(c10::nullopt).requires_grad(false));
    if (dense.nbytes() > 0) std::memcpy(dense.data_ptr(), at, dense.nbytes());
    at += dense.nbytes();
    frozen.detach().copy_(dense);
  }
}

}  // namespace muster::inline libtorch

#pragma once

#include <ATen/Functions.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/random.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/nn_model.h"

namespace muster::test {

inline at::Tensor normal_tensor(const std::vector<int64_t>& shape, uint64_t key) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  RandomStream stream({11, Purpose::test, key, 0});
  for (int64_t i = 0; i < tensor.numel(); ++i)
    tensor.data_ptr<float>()[i] = static_cast<float>(stream.normal());
  return tensor;
}

inline Batch image_batch(int64_t size, int64_t side, int64_t classes, uint64_t key) {
  Batch batch{normal_tensor({size, 3, side, side}, key), at::empty({size}, at::kLong)};
  for (int64_t i = 0; i < size; ++i) batch.targets.data_ptr<int64_t>()[i] = (3 * i + 1) % classes;
  return batch;
}

/// A network with its initial weights, bound to vectors, whose forward pass and tensors lie open.
struct NetworkProbe {
  explicit NetworkProbe(TorchNetwork made, NnOptions options = {.seed = 1})
      : network(std::move(made)),
        model(make_nn_model(network, options)),
        parameters(flat_tensor(model->parameters().size(), model->type())),
        gradient(flat_tensor(model->parameters().size(), model->type())),
        buffers(flat_tensor(model->buffers().size(), model->type())) {
    bind_initial(*model, parameters, gradient, buffers);
  }

  /// Every parameter and buffer by its name, as views.
  std::map<std::string, at::Tensor> tensors() const {
    std::map<std::string, at::Tensor> named;
    for (const Piece& piece : model->parameters().pieces()) named[piece.name] = view_of(parameters, piece);
    for (const Piece& piece : model->buffers().pieces()) named[piece.name] = view_of(buffers, piece);
    return named;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const Piece& piece : model->parameters().pieces()) found.push_back(piece.name);
    return found;
  }

  TorchNetwork network;
  std::unique_ptr<Model> model;
  at::Tensor parameters, gradient, buffers;
};

}  // namespace muster::test

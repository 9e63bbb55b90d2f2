// Fused optimizer steps beside C++ torch::optim, one thread each, on the tensors of ResNet-50, of ViT-S and
// on equal pieces, and beside the memory bandwidth (an in-place pass over as many bytes, one thread, same
// run).
//   bench_fused_step [TURNS]        (15)
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <cstdlib>

#include "bench/interleaved.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/optim/adamw.h"
#include "muster/optim/sgd.h"

namespace {

using namespace muster;

void add_norm(Layout& layout, int64_t size) {
  layout.add("norm.weight", {size}, true);
  layout.add("norm.bias", {size}, true);
}

/// He et al. 2016: 161 tensors, 25,557,032 parameters.
Layout resnet50() {
  Layout layout;
  layout.add("conv1", {64, 3, 7, 7});
  add_norm(layout, 64);
  int64_t inputs = 64;
  const std::vector<int64_t> blocks = {3, 4, 6, 3};
  for (size_t stage = 0; stage < blocks.size(); ++stage) {
    const int64_t width = int64_t{64} << stage;
    for (int64_t block = 0; block < blocks[stage]; ++block) {
      layout.add("conv1", {width, inputs, 1, 1});
      add_norm(layout, width);
      layout.add("conv2", {width, width, 3, 3});
      add_norm(layout, width);
      layout.add("conv3", {4 * width, width, 1, 1});
      add_norm(layout, 4 * width);
      if (block == 0) {
        layout.add("downsample", {4 * width, inputs, 1, 1});
        add_norm(layout, 4 * width);
      }
      inputs = 4 * width;
    }
  }
  layout.add("fc.weight", {1000, 2048});
  layout.add("fc.bias", {1000}, true);
  return layout;
}

/// Simple ViT-S/16 (Beyer et al. 2022) with learned positions in 12 blocks of width 384: 148 tensors.
Layout vit_s() {
  Layout layout;
  layout.add("patch.weight", {384, 3, 16, 16});
  layout.add("patch.bias", {384}, true);
  for (int block = 0; block < 12; ++block) {
    add_norm(layout, 384);
    layout.add("qkv.weight", {3 * 384, 384});
    layout.add("qkv.bias", {3 * 384}, true);
    layout.add("out.weight", {384, 384});
    layout.add("out.bias", {384}, true);
    add_norm(layout, 384);
    layout.add("mlp1.weight", {1536, 384});
    layout.add("mlp1.bias", {1536}, true);
    layout.add("mlp2.weight", {384, 1536});
    layout.add("mlp2.bias", {384}, true);
  }
  layout.add("head.weight", {1000, 384});
  layout.add("head.bias", {1000}, true);
  return layout;
}

Layout equal_pieces() {
  Layout layout;
  for (int piece = 0; piece < 161; ++piece) layout.add("piece", {25'557'032 / 161});
  return layout;
}

struct Vectors {
  Vector parameters, gradient;
  explicit Vectors(int64_t size) : parameters(flat_vector(size)), gradient(flat_vector(size)) {
    for (int64_t i = 0; i < size; ++i) {
      parameters.data<float>()[i] = static_cast<float>(i % 1009) * 1e-3F - 0.5F;
      gradient.data<float>()[i] = static_cast<float>(i % 997) * 1e-3F - 0.5F;
    }
  }
};

/// The peer's side: one tensor and one gradient per piece, allocated as torch does.
std::vector<at::Tensor> torch_parameters(const Layout& layout, const Vectors& vectors) {
  std::vector<at::Tensor> parameters;
  for (const Piece& piece : layout.pieces()) {
    at::Tensor parameter = view_of(tensor_of(vectors.parameters), piece).clone().set_requires_grad(true);
    parameter.mutable_grad() = view_of(tensor_of(vectors.gradient), piece).clone();
    parameters.push_back(parameter);
  }
  return parameters;
}

void report(const std::string& name, const Layout& layout, const std::vector<bench::Contender>& runs,
            int64_t bytes) {
  const double pass = runs[0].median(), ours = runs[1].median(), theirs = runs[2].median();
  fmt::print("{:34} {:4} tensors {:>9} {:8.2f} {:8.2f} {:8.2f} {:8.2f}x {:9.1f}% {:7.1f}\n", name,
             layout.pieces().size(), layout.size(), pass * 1e3, ours * 1e3, theirs * 1e3, theirs / ours,
             pass / ours * 100, static_cast<double>(bytes) / ours * 1e-9);
}

void compare(const std::string& name, const Layout& layout, int turns, InnerOptimizer& ours,
             torch::optim::Optimizer& theirs, Vectors& vectors, int64_t bytes) {
  ThreadPool alone(1);
  const Vector yardstick = flat_vector(bytes / 8);
  std::vector<bench::Contender> runs = {
      {"in-place pass", [&] { bench::in_place_pass(yardstick.data<float>(), bytes, alone); }},
      {"muster", [&] { ours.step(vectors.parameters, vectors.gradient, 1e-3); }},
      {"torch", [&] { theirs.step(); }}};
  bench::interleave(runs, turns);
  report(name, layout, runs, bytes);
}

void compare_all(const std::string& name, const Layout& layout, int turns) {
  Vectors vectors(layout.size());
  {
    AdamW ours(AdamWOptions{.weight_decay = 0.05}, layout, ElementType::float32);
    torch::optim::AdamW theirs(torch_parameters(layout, vectors),
                               torch::optim::AdamWOptions(1e-3).weight_decay(0.05));
    compare(name + ", AdamW", layout, turns, ours, theirs, vectors, 7 * 4 * layout.size());
  }
  Sgd ours(SgdOptions{.momentum = 0.9, .weight_decay = 1e-4}, layout, ElementType::float32);
  torch::optim::SGD theirs(torch_parameters(layout, vectors),
                           torch::optim::SGDOptions(1e-3).momentum(0.9).weight_decay(1e-4));
  compare(name + ", SGD", layout, turns, ours, theirs, vectors, 5 * 4 * layout.size());
}

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(1);  // both sides
  const int turns = argc > 1 ? std::atoi(argv[1]) : 15;
  fmt::print("{:34} {:12} {:>9} {:>8} {:>8} {:>8} {:>9} {:>10} {:>7}\n", "one thread; medians in ms", "",
             "elements", "pass", "muster", "torch", "x torch", "bandwidth", "GB/s");
  compare_all("ResNet-50", resnet50(), turns);
  compare_all("ViT-S", vit_s(), turns);
  compare_all("equal pieces", equal_pieces(), turns);
}

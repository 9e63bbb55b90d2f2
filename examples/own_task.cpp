// Your own task, trained by Muster's method: four workers fit a sine by random features, and meet every
// eight steps. A task is a model with its loss, and data by index; the model lives in flat vectors that
// Muster gives it. The gradient may come from anywhere: here it is a formula.
#include <ATen/ATen.h>

#include <cstdio>

#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/method/synchronous.h"
#include "muster/optim/average.h"
#include "muster/optim/sgd.h"
#include "muster/schedule/constant_period.h"
#include "muster/task/samplers/samplers.h"

namespace {

constexpr int64_t features = 24, train_points = 2048, test_points = 512;

/// loss = 1/2 mean (features . weight + bias - target)^2
class SineModel final : public muster::Model {
 public:
  SineModel() {
    layout_.add("weight", {features});
    layout_.add("bias", {1}, /*norm_or_bias=*/true);
  }
  const muster::Layout& parameters() const override { return layout_; }
  const muster::Layout& buffers() const override { return no_buffers_; }
  muster::ElementType type() const override { return muster::ElementType::float32; }

  void bind(at::Tensor parameters, at::Tensor gradient, at::Tensor) override {
    weight_ = muster::view_of(parameters, layout_.pieces()[0]);
    bias_ = muster::view_of(parameters, layout_.pieces()[1]);
    if (!gradient.defined()) return;  // only to be scored
    weight_gradient_ = muster::view_of(gradient, layout_.pieces()[0]);
    bias_gradient_ = muster::view_of(gradient, layout_.pieces()[1]);
  }
  void initialise(muster::ThreadPool&) override {
    weight_.zero_();
    bias_.zero_();
  }
  double loss_and_gradient(const muster::Batch& batch, const muster::RandomKey&) override {
    const at::Tensor error = at::mv(batch.inputs, weight_) + bias_ - batch.targets;
    weight_gradient_.copy_(at::mv(batch.inputs.t(), error) / batch.size());
    bias_gradient_.copy_(error.mean());
    return error.square().mean().item<double>() / 2;
  }
  muster::Score score(const muster::Batch& batch) override {
    const at::Tensor error = at::mv(batch.inputs, weight_) + bias_ - batch.targets;
    return {.loss = error.square().sum().item<double>() / 2, .samples = batch.size()};
  }
  void start_statistics() override {}
  void observe(const muster::Batch&) override {}

 private:
  muster::Layout layout_, no_buffers_;
  at::Tensor weight_, bias_, weight_gradient_, bias_gradient_;
};

/// y = sin(6 x) over x in [0, 1), seen through cosines of fixed frequencies and phases.
class SineTask final : public muster::Task {
 public:
  std::string name() const override { return "sine"; }
  std::unique_ptr<muster::Model> make_model() const override { return std::make_unique<SineModel>(); }
  int64_t train_size() const override { return train_points; }
  int64_t test_size() const override { return test_points; }
  muster::Batch train_batch(std::span<const int64_t> samples, int64_t) const override {
    return batch({samples.begin(), samples.end()}, /*test=*/0);
  }
  muster::Batch test_batch(int64_t first, int64_t count) const override {
    std::vector<int64_t> samples;
    for (int64_t i = first; i < first + count; ++i) samples.push_back(i);
    return batch(samples, /*test=*/1);
  }
  int64_t activation_bytes(int64_t samples) const override { return samples * features * 4; }

 private:
  static muster::Batch batch(const std::vector<int64_t>& samples, uint64_t test) {
    std::vector<float> x;
    for (const int64_t sample : samples)
      x.push_back(static_cast<float>(muster::RandomStream({.seed = 1,
                                                           .purpose = muster::Purpose::generated_data,
                                                           .a = test,
                                                           .b = static_cast<uint64_t>(sample)})
                                         .uniform()));
    const at::Tensor at = at::tensor(x);
    const at::Tensor frequency = at::arange(features, at::kFloat) / 2,
                     phase = at::arange(features, at::kFloat);
    return {at::cos(at.unsqueeze(1) * frequency + phase), at::sin(6 * at)};
  }
};

}  // namespace

int main() {
  const int64_t workers = 4, total_steps = 1500;
  const SineTask task;
  muster::use_single_threaded_kernels();
  muster::ThreadPool pool(2, muster::use_single_threaded_kernels_here);
  muster::Solo group;
  muster::Averager averager(group, pool);
  const muster::PermutationSampler sampler(
      {.samples = task.train_size(), .workers = workers, .batch = 16, .seed = 1});
  const muster::LearningRate learning_rate({.peak = 0.05, .warmup_steps = 50}, total_steps);
  muster::Synchronous method(
      {.task = task,
       .sampler = sampler,
       .pool = pool,
       .averager = averager,
       .learning_rate = learning_rate,
       .schedule = std::make_unique<muster::ConstantPeriod>(muster::ConstantPeriodOptions{.base_period = 8}),
       .outer = std::make_unique<muster::PlainAverage>(),
       .make_inner =
           [](const muster::Layout& layout, muster::ElementType type) {
             return std::make_unique<muster::Sgd>(muster::SgdOptions{.momentum = 0.9}, layout, type);
           }},
      {.total_steps = total_steps, .hosted_workers = workers, .seed = 1});

  while (const auto progress = method.advance(total_steps))
    if (progress->round && progress->round->index % 50 == 0)
      std::printf("step %4lld  training loss %.6f\n", static_cast<long long>(progress->step),
                  progress->round->loss);

  SineModel averaged;
  averaged.bind(muster::tensor_of(method.mean_parameters()), {}, {});
  const muster::Score score = averaged.score(task.test_batch(0, task.test_size()));
  std::printf("test loss of the averaged model %.6f\n", score.loss / static_cast<double>(score.samples));
}

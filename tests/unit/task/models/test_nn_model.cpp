#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <thread>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/image_model.h"
#include "muster/task/models/mlp.h"
#include "muster/task/models/nn_model.h"
#include "muster/task/models/resnet.h"

namespace muster {
namespace {

at::Tensor random_tensor(std::vector<int64_t> shape, uint64_t key, at::ScalarType type = at::kFloat) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  RandomStream stream({7, Purpose::test, key, 0});
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<double>()[i] = stream.normal();
  return tensor.to(type);
}

Batch random_batch(int64_t size, int64_t classes, uint64_t key, int64_t side = 16) {
  Batch batch{random_tensor({size, 3, side, side}, key), at::empty({size}, at::kLong)};
  for (int64_t i = 0; i < size; ++i) batch.targets.data_ptr<int64_t>()[i] = (i * 7 + 3) % classes;
  return batch;
}

struct Bound {
  explicit Bound(std::unique_ptr<Model> made)
      : model(std::move(made)),
        parameters(flat_tensor(model->parameters().size(), model->type())),
        gradient(flat_tensor(model->parameters().size(), model->type())),
        buffers(flat_tensor(model->buffers().size(), model->type())) {
    bind_initial(*model, parameters, gradient, buffers);
  }
  std::unique_ptr<Model> model;
  at::Tensor parameters, gradient, buffers;
};

std::unique_ptr<Model> resnet8(uint64_t seed, NormKind norm = NormKind::batch) {
  ImageModelOptions options;
  options.norm = norm;
  return make_image_model(options, {.seed = seed});
}

const Piece& piece(const Layout& layout, const std::string& name) {
  for (const Piece& found : layout.pieces())
    if (found.name == name) return found;
  throw Bug("the layout has no piece of this name");
}

class ThreadsEnvironment : public ::testing::Environment {
  void SetUp() override { at::set_num_threads(1); }
};
const auto* const one_thread = ::testing::AddGlobalTestEnvironment(new ThreadsEnvironment);

TEST(ResNet, HasThePublishedNumberOfParameters) {
  for (const auto& [network, count] :
       {std::pair{ImageNetwork::resnet8, 75290}, std::pair{ImageNetwork::resnet20, 269722},
        std::pair{ImageNetwork::resnet56, 853018}}) {
    for (const NormKind norm : {NormKind::batch, NormKind::group}) {
      ImageModelOptions options;
      options.network = network;
      options.norm = norm;
      EXPECT_EQ(make_image_model(options, {})->parameters().size(), count);
    }
  }
  ImageModelOptions hundred;
  hundred.classes = 100;
  EXPECT_EQ(make_image_model(hundred, {})->parameters().size(), 75290 + 90 * 65);
}

TEST(ResNet, NamesItsPiecesAsTorchvisionDoes) {
  const auto model = resnet8(0);
  const Layout& layout = model->parameters();
  EXPECT_EQ(layout.pieces().front().name, "conv1.weight");
  EXPECT_EQ(piece(layout, "layer2.0.conv1.weight").shape, (std::vector<int64_t>{32, 16, 3, 3}));
  EXPECT_FALSE(piece(layout, "layer1.0.conv1.weight").norm_or_bias);
  EXPECT_TRUE(piece(layout, "layer1.0.bn2.weight").norm_or_bias);
  EXPECT_TRUE(piece(layout, "layer3.0.bn1.bias").norm_or_bias);
  EXPECT_FALSE(piece(layout, "fc.weight").norm_or_bias);
  EXPECT_TRUE(piece(layout, "fc.bias").norm_or_bias);
  // 7 norms over 3 x 16, 2 x 32 and 2 x 64 channels; the integer counters are left out.
  EXPECT_EQ(model->buffers().size(), 2 * 240);
  EXPECT_EQ(piece(model->buffers(), "layer1.0.bn1.running_var").size, 16);
  EXPECT_EQ(resnet8(0, NormKind::group)->buffers().size(), 0);
}

TEST(ResNet, ShortcutATakesEverySecondPixelAndPadsChannelsWithZeros) {
  const at::Tensor x = random_tensor({2, 4, 6, 6}, 1);
  const at::Tensor y = shortcut_a(x, 8, 2);
  ASSERT_EQ(y.sizes().vec(), (std::vector<int64_t>{2, 8, 3, 3}));
  EXPECT_EQ(y.slice(1, 0, 2).abs().sum().item<float>(), 0);
  EXPECT_EQ(y.slice(1, 6, 8).abs().sum().item<float>(), 0);
  for (int64_t c = 0; c < 4; ++c)
    for (int64_t row = 0; row < 3; ++row)
      for (int64_t column = 0; column < 3; ++column)
        EXPECT_EQ(y[1][c + 2][row][column].item<float>(), x[1][c][2 * row][2 * column].item<float>());
  EXPECT_TRUE(at::equal(shortcut_a(x, 4, 1), x));
}

TEST(NnModel, InitialWeightsAreAFunctionOfTheSeed) {
  const Bound a(resnet8(3)), b(resnet8(3)), other(resnet8(4));
  EXPECT_TRUE(at::equal(a.parameters, b.parameters));
  EXPECT_FALSE(at::equal(a.parameters, other.parameters));
}

TEST(NnModel, InitialWeightsHaveTheStatedDistribution) {
  const Bound net(resnet8(1));
  const Layout& layout = net.model->parameters();
  const auto values = [&](const char* name) { return view_of(net.parameters, piece(layout, name)); };
  // 36,864 draws: the standard error of the deviation is 0.4 %.
  EXPECT_NEAR(values("layer3.0.conv2.weight").std().item<double>(), std::sqrt(2.0 / (64 * 9)), 0.02 * 0.0589);
  EXPECT_NEAR(values("layer2.0.conv1.weight").std().item<double>(), std::sqrt(2.0 / (32 * 9)), 0.05 * 0.0833);
  EXPECT_LE(values("fc.weight").abs().max().item<double>(), 1.0 / 8);
  EXPECT_GT(values("fc.weight").abs().max().item<double>(), 0.95 / 8);
  EXPECT_LE(values("fc.bias").abs().max().item<double>(), 1.0 / 8);
  EXPECT_GT(values("fc.bias").abs().min().item<double>(), 0);
  EXPECT_EQ(values("bn1.weight").min().item<double>(), 1);
  EXPECT_EQ(values("bn1.bias").abs().max().item<double>(), 0);
  EXPECT_EQ(view_of(net.buffers, piece(net.model->buffers(), "bn1.running_var")).min().item<double>(), 1);
}

TEST(NnModel, LivesInTheVectorsItIsBoundTo) {
  Bound net(resnet8(0));
  const Batch batch = random_batch(8, 10, 2);
  const double before = net.model->score(batch).loss;
  const at::Tensor initial = net.buffers.clone();
  const double loss = net.model->loss_and_gradient(batch, {});
  EXPECT_GT(net.gradient.norm().item<double>(), 0);
  for (const Piece& part : net.model->parameters().pieces())
    EXPECT_GT(view_of(net.gradient, part).abs().max().item<double>(), 0) << part.name;
  EXPECT_FALSE(at::equal(net.buffers, initial)) << "training updates running statistics";
  const at::Tensor statistics = net.buffers.clone();
  net.parameters.zero_();
  EXPECT_NEAR(net.model->score(batch).loss, 8 * std::log(10.0), 1e-5);
  EXPECT_GT(std::abs(before - 8 * std::log(10.0)), 1e-3);
  EXPECT_NEAR(net.model->loss_and_gradient(batch, {}), std::log(10.0), 1e-6);
  EXPECT_GT(loss, 0);
  EXPECT_FALSE(at::equal(net.buffers, statistics));
}

TEST(NnModel, OverwritesTheGradientAndStepsDownhill) {
  Bound net(resnet8(0, NormKind::group));
  const Batch batch = random_batch(8, 10, 3);
  const double first = net.model->loss_and_gradient(batch, {});
  const at::Tensor gradient = net.gradient.clone();
  EXPECT_EQ(net.model->loss_and_gradient(batch, {}), first);
  EXPECT_TRUE(at::equal(net.gradient, gradient));
  const double rate = 1e-3, square = gradient.norm().item<double>() * gradient.norm().item<double>();
  net.parameters.sub_(rate * gradient);
  const double second = net.model->loss_and_gradient(batch, {});
  EXPECT_NEAR((first - second) / (rate * square), 1.0, 0.1);
}

TEST(NnModel, BindsAnewAndLeavesTheValues) {
  Bound net(resnet8(0));
  at::Tensor parameters = net.parameters * 0.5, gradient = flat_tensor(net.parameters.numel());
  at::Tensor buffers = net.buffers.clone();
  const at::Tensor old = parameters.clone();
  net.model->bind(parameters, gradient, buffers);
  EXPECT_TRUE(at::equal(parameters, old));
  EXPECT_TRUE(at::equal(buffers, net.buffers));
  const Batch batch = random_batch(4, 10, 4);
  net.parameters.zero_();
  net.model->loss_and_gradient(batch, {});
  EXPECT_GT(gradient.abs().max().item<float>(), 0);
  EXPECT_EQ(net.gradient.abs().max().item<float>(), 0);
}

TEST(NnModel, BeginsWithTheSameBitsForAnyNumberOfThreads) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto model = make_image_model({}, {.seed = 7, .type = type});
    ThreadPool alone(1), three(3);
    const InitialValues one = initial_values(*model, alone), other = initial_values(*model, three);
    EXPECT_TRUE(same_bits(one.parameters, other.parameters));
    EXPECT_TRUE(same_bits(one.buffers, other.buffers));
  }
}

TEST(NnModel, WithoutAGradientItScores) {
  Bound net(resnet8(0));
  const Batch batch = random_batch(4, 10, 4);
  const double loss = net.model->score(batch).loss;
  net.model->loss_and_gradient(batch, {});  // a gradient is there, and bound no more
  const auto blind = resnet8(0);
  blind->bind(net.parameters, {}, flat_tensor(net.buffers.numel()));
  EXPECT_THROW(blind->loss_and_gradient(batch, {}), Bug);
  net.model->bind(net.parameters, {}, net.buffers);
  EXPECT_THROW(net.model->loss_and_gradient(batch, {}), Bug);
  Bound again(resnet8(0));
  again.model->bind(again.parameters, {}, again.buffers);
  EXPECT_EQ(again.model->score(batch).loss, loss);
}

TEST(NnModel, RefusesVectorsThatDoNotFit) {
  const auto model = resnet8(0);
  const int64_t size = model->parameters().size(), statistics = model->buffers().size();
  EXPECT_THROW(model->bind(flat_tensor(size - 1), flat_tensor(size), flat_tensor(statistics)), Bug);
  EXPECT_THROW(model->bind(flat_tensor(size, at::kDouble), flat_tensor(size), flat_tensor(statistics)), Bug);
  EXPECT_THROW(model->loss_and_gradient(random_batch(2, 10, 1), {}), Bug);
}

TEST(NnModel, ScoresAddUpAndChangeNothing) {
  Bound net(resnet8(0));
  const Batch batch = random_batch(10, 10, 5);
  net.model->loss_and_gradient(batch, {});
  const at::Tensor parameters = net.parameters.clone(), buffers = net.buffers.clone();
  const at::Tensor gradient = net.gradient.clone();
  const Score whole = net.model->score(batch);
  Score parts;
  for (const int64_t first : {0, 4})
    parts.add(net.model->score({batch.inputs.slice(0, first, first == 0 ? 4 : 10),
                                batch.targets.slice(0, first, first == 0 ? 4 : 10)}));
  EXPECT_EQ(whole.samples, 10);
  EXPECT_EQ(parts.samples, 10);
  EXPECT_EQ(whole.correct, parts.correct);
  EXPECT_NEAR(whole.loss, parts.loss, 1e-4);
  EXPECT_TRUE(at::equal(net.parameters, parameters));
  EXPECT_TRUE(at::equal(net.buffers, buffers));
  EXPECT_TRUE(at::equal(net.gradient, gradient));
}

TEST(NnModel, CountsHits) {
  ImageModelOptions options;
  options.network = ImageNetwork::mlp;
  options.hidden = {};
  options.classes = 3;
  options.height = options.width = 1;
  Bound net(make_image_model(options, {}));
  net.parameters.zero_();
  for (int64_t i = 0; i < 3; ++i) net.parameters[i * 3 + i] = 2.0;  // weight = 2 I: the largest channel wins
  Batch batch{at::eye(3).reshape({3, 3, 1, 1}), at::tensor({0, 1, 0}, at::kLong)};
  const Score score = net.model->score(batch);
  EXPECT_EQ(score.correct, 2);
  const double normaliser = std::log(std::exp(2.0) + 2);
  EXPECT_NEAR(score.loss, 3 * normaliser - 4, 1e-6);
}

// Central differences in double precision, on the coordinates of every piece.
void expect_gradient(Bound& net, const Batch& batch) {
  net.model->loss_and_gradient(batch, {});
  const at::Tensor gradient = net.gradient.clone();
  constexpr double h = 1e-6;
  for (const Piece& part : net.model->parameters().pieces()) {
    for (int64_t i = part.offset; i < part.offset + part.size; i += std::max<int64_t>(1, part.size / 5)) {
      double& weight = net.parameters.data_ptr<double>()[i];
      const double kept = weight;
      weight = kept + h;
      const double above = net.model->loss_and_gradient(batch, {});
      weight = kept - h;
      const double below = net.model->loss_and_gradient(batch, {});
      weight = kept;
      EXPECT_NEAR(gradient.data_ptr<double>()[i], (above - below) / (2 * h), 1e-7) << part.name << " " << i;
    }
  }
}

TEST(NnModel, GradientOfTheMlpEqualsDifferences) {
  Bound net(make_nn_model(make_mlp({12, {9, 7}, 4}), {.seed = 5, .type = at::kDouble}));
  EXPECT_EQ(net.model->parameters().size(), 12 * 9 + 9 + 9 * 7 + 7 + 7 * 4 + 4);
  Batch batch{random_tensor({6, 3, 2, 2}, 6, at::kDouble), at::tensor({0, 1, 2, 3, 0, 1}, at::kLong)};
  expect_gradient(net, batch);
}

TEST(NnModel, GradientOfTheResNetEqualsDifferences) {
  for (const NormKind norm : {NormKind::batch, NormKind::group}) {
    Bound net(make_nn_model(make_resnet({1, norm, 3, 4}), {.seed = 5, .type = at::kDouble}));
    Batch batch{random_tensor({4, 3, 8, 8}, 7, at::kDouble), at::tensor({0, 1, 2, 3}, at::kLong)};
    expect_gradient(net, batch);
  }
}

TEST(NnModel, ReestimatedStatisticsAreThePlainMeanOverBatches) {
  Bound net(resnet8(2));
  net.buffers.fill_(std::nan(""));  // whatever was there must not matter
  const Piece& weight = piece(net.model->parameters(), "conv1.weight");
  at::Tensor mean = at::zeros({16}, at::kDouble), variance = at::zeros({16}, at::kDouble);
  const at::Tensor parameters = net.parameters.clone();
  net.model->start_statistics();
  for (uint64_t k = 0; k < 3; ++k) {
    const Batch batch = random_batch(5, 10, 20 + k);
    net.model->observe(batch);
    const at::Tensor maps =
        at::conv2d(batch.inputs, view_of(net.parameters, weight), {}, 1, 1).to(at::kDouble);
    mean += maps.mean({0, 2, 3}) / 3;
    variance += maps.var({0, 2, 3}, /*unbiased=*/true) / 3;
  }
  const Layout& layout = net.model->buffers();
  const auto value = [&](const char* name) {
    return view_of(net.buffers, piece(layout, name)).to(at::kDouble);
  };
  EXPECT_LT((value("bn1.running_mean") - mean).abs().max().item<double>(), 1e-6);
  EXPECT_LT((value("bn1.running_var") - variance).abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(std::isfinite(net.buffers.sum().item<double>()));
  EXPECT_TRUE(at::equal(net.parameters, parameters));
  // A second estimate starts anew, and training goes on with momentum 0.1.
  net.model->start_statistics();
  const Batch last = random_batch(5, 10, 30);
  net.model->observe(last);
  const at::Tensor once = net.buffers.clone();
  net.model->loss_and_gradient(last, {});
  EXPECT_LT((net.buffers - once).abs().max().item<double>(), 1e-5) << "same batch: 0.9 x + 0.1 x";
  net.buffers.zero_();
  net.model->loss_and_gradient(last, {});
  EXPECT_LT((net.buffers - 0.1 * once).abs().max().item<double>(), 1e-5);
}

TEST(NnModel, TwoModelsInTwoThreadsGiveTheBitsOfOneAfterTheOther) {
  const auto train = [](Bound& net, uint64_t key) {
    for (uint64_t step = 0; step < 4; ++step) {
      net.model->loss_and_gradient(random_batch(8, 10, key + step), {});
      net.parameters.sub_(0.05 * net.gradient);
    }
  };
  Bound serial_a(resnet8(1)), serial_b(resnet8(2)), parallel_a(resnet8(1)), parallel_b(resnet8(2));
  train(serial_a, 100);
  train(serial_b, 200);
  std::thread first([&] { train(parallel_a, 100); });
  std::thread second([&] { train(parallel_b, 200); });
  first.join();
  second.join();
  EXPECT_TRUE(at::equal(serial_a.parameters, parallel_a.parameters));
  EXPECT_TRUE(at::equal(serial_b.parameters, parallel_b.parameters));
  EXPECT_TRUE(at::equal(serial_a.buffers, parallel_a.buffers));
  EXPECT_FALSE(at::equal(serial_a.parameters, serial_b.parameters));
}

TEST(ImageModelOptions, NameTheFieldTheyRefuse) {
  ImageModelOptions options;
  options.hidden = {0};
  try {
    make_image_model(options, {});
    FAIL() << "accepted a layer of 0 units";
  } catch (const OptionError& error) {
    EXPECT_EQ(std::string(error.what()), "task.hidden = 0: must be 1 to 65536 units");
  }
  options = {};
  options.classes = 1;
  EXPECT_THROW(make_image_model(options, {}), OptionError);
}

}  // namespace
}  // namespace muster

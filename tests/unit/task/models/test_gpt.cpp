#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/gpt.h"
#include "muster/task/models/text_generator.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

GptShape small(GptPositions positions = GptPositions::learned) {
  GptShape shape;
  shape.vocabulary = 13;
  shape.context = 9;
  shape.layers = 2;
  shape.width = 12;
  shape.heads = 3;
  shape.positions = positions;
  return shape;
}

struct Bound {
  explicit Bound(const GptShape& shape, const NnOptions& options = {})
      : model(make_nn_model(make_gpt(shape), options)),
        parameters(flat_tensor(model->parameters().size(), model->type())),
        gradient(flat_tensor(model->parameters().size(), model->type())),
        buffers(flat_tensor(0, model->type())) {
    bind_initial(*model, parameters, gradient, buffers);
  }
  at::Tensor piece(const std::string& name) const {
    for (const Piece& found : model->parameters().pieces())
      if (found.name == name) return view_of(parameters, found);
    throw Bug("the layout has no piece of this name");
  }
  std::unique_ptr<Model> model;
  at::Tensor parameters, gradient, buffers;
};

Batch random_batch(int64_t size, const GptShape& shape, uint64_t key = 1) {
  Batch batch{at::empty({size, shape.context}, at::kLong), at::empty({size, shape.context}, at::kLong)};
  RandomStream stream({3, Purpose::test, key, 0});
  for (at::Tensor* tensor : {&batch.inputs, &batch.targets})
    for (int64_t i = 0; i < tensor->numel(); ++i)
      tensor->data_ptr<int64_t>()[i] =
          static_cast<int64_t>(stream.below(static_cast<uint64_t>(shape.vocabulary)));
  return batch;
}

TEST(Gpt, CountsAreThoseOfTheModules) {
  GptShape wide = small();
  wide.head_width = 10;
  GptShape own_head = small();
  own_head.tied_head = false;
  for (const GptShape& shape : {small(), small(GptPositions::rotary), wide, own_head, GptShape{}})
    EXPECT_EQ(make_nn_model(make_gpt(shape), {})->parameters().size(), count_parameters(shape).all);
  // By hand: 4 x (12 x 128^2 + 13 x 128) + 2 x 128, and (256 + 64) x 128.
  EXPECT_EQ(count_parameters({}).without_embedding, 793344);
  EXPECT_EQ(count_parameters({}).all, 793344 + 40960);
  // GPT-2: 12 layers, 768 wide, 12 heads, 1,024 places, 50,257 tokens.
  EXPECT_EQ(
      count_parameters({.vocabulary = 50257, .context = 1024, .layers = 12, .width = 768, .heads = 12}).all,
      124439808);
}

TEST(Gpt, ShapesOfTheAsynchronousPaperHaveTheSizesOfTheirNames) {
  // By hand, 20M: 6 x (512 + 512 + 256 x 768 + 768 + 256^2 + 256 + 2 x 256 x 1024 + 1024 + 256) + 512; 60M
  // and 150M the same with 896 wide, 16 heads of 64, 3 and 12 layers.
  EXPECT_EQ(count_parameters(gpt_20m()).without_embedding, 4739072);
  EXPECT_EQ(count_parameters(gpt_60m()).without_embedding, 30315520);
  EXPECT_EQ(count_parameters(gpt_150m()).without_embedding, 121256704);
  // Of tokens: 32,000 x width.
  EXPECT_EQ(count_parameters(gpt_150m()).all - count_parameters(gpt_150m()).without_embedding,
            32000 * 896 + 1024 * 896);
}

TEST(Gpt, NamesItsPiecesAsTheCommonCheckpointsDo) {
  const auto model = make_nn_model(make_gpt(small()), {});
  std::vector<std::string> names;
  for (const Piece& piece : model->parameters().pieces()) {
    names.push_back(piece.name);
    const bool vector = piece.name.ends_with(".bias") || piece.name.find(".ln_") != std::string::npos;
    EXPECT_EQ(piece.norm_or_bias, vector) << piece.name;
  }
  const std::string block = "transformer.h.1.";
  EXPECT_THAT(names, ::testing::IsSupersetOf(
                         {std::string("transformer.wte.weight"), std::string("transformer.wpe.weight"),
                          block + "ln_1.weight", block + "ln_1.bias", block + "attn.c_attn.weight",
                          block + "attn.c_attn.bias", block + "attn.c_proj.weight", block + "ln_2.bias",
                          block + "mlp.c_fc.weight", block + "mlp.c_proj.bias",
                          std::string("transformer.ln_f.weight"), std::string("transformer.ln_f.bias")}));
  EXPECT_EQ(names.size(), 2 + 2 * 12 + 2);
  const Bound bound(small());
  EXPECT_EQ(bound.piece(block + "attn.c_attn.weight").sizes().vec(), (std::vector<int64_t>{36, 12}));
  EXPECT_EQ(bound.piece(block + "mlp.c_fc.weight").sizes().vec(), (std::vector<int64_t>{48, 12}));
  const auto rotary = make_nn_model(make_gpt(small(GptPositions::rotary)), {});
  for (const Piece& piece : rotary->parameters().pieces()) EXPECT_NE(piece.name, "transformer.wpe.weight");
}

TEST(Gpt, BeginsAsGpt2) {
  const Bound bound{GptShape{}};
  const auto deviation = [&](const char* name) { return bound.piece(name).std().item<double>(); };
  EXPECT_NEAR(deviation("transformer.wte.weight"), 0.02, 0.0004);
  EXPECT_NEAR(deviation("transformer.h.0.attn.c_attn.weight"), 0.02, 0.0004);
  EXPECT_NEAR(deviation("transformer.h.3.mlp.c_proj.weight"), 0.02 / std::sqrt(8.0), 0.0002);
  EXPECT_NEAR(deviation("transformer.h.0.attn.c_proj.weight"), 0.02 / std::sqrt(8.0), 0.0002);
  EXPECT_EQ(bound.piece("transformer.h.2.mlp.c_fc.bias").abs().sum().item<double>(), 0);
  EXPECT_EQ(bound.piece("transformer.ln_f.weight").min().item<double>(), 1);
  Bound fresh{GptShape{}};
  const Score score = fresh.model->score(random_batch(2, {}));
  EXPECT_NEAR(score.loss / static_cast<double>(score.samples), std::log(256.0), 0.1);
  EXPECT_EQ(score.samples, 2 * 64);
}

TEST(Gpt, GradientIsThatOfFiniteDifferences) {
  for (const GptPositions positions : {GptPositions::learned, GptPositions::rotary}) {
    const GptShape shape = small(positions);
    Bound bound(shape, {.seed = 2, .type = at::kDouble});
    // Larger weights than at the start, so that no part of the network is nearly linear.
    bound.parameters.mul_(8);
    const Batch batch = random_batch(2, shape);
    bound.model->loss_and_gradient(batch, {});
    const at::Tensor gradient = bound.gradient.clone();
    RandomStream stream({1, Purpose::test, 4, 0});
    for (int i = 0; i < 60; ++i) {
      const auto at = static_cast<int64_t>(stream.below(static_cast<uint64_t>(gradient.numel())));
      double* const value = bound.parameters.data_ptr<double>() + at;
      const double start = *value, step = 1e-5;
      const auto rise = [&](double by) {
        *value = start + by;
        const double above = bound.model->loss_and_gradient(batch, {});
        *value = start - by;
        return above - bound.model->loss_and_gradient(batch, {});
      };
      // Of fourth order: the loss bends strongly here.
      const double slope = (8 * rise(step) - rise(2 * step)) / (12 * step);
      *value = start;
      EXPECT_NEAR(slope, gradient[at].item<double>(), 1e-8) << at;
    }
  }
}

TEST(Gpt, PredictsFromWhatCameBefore) {
  const GptShape shape = small();
  Bound bound(shape);
  bound.parameters.mul_(5);
  Batch batch = random_batch(1, shape);
  const auto loss_of_place = [&](int64_t place) {
    const Batch one{batch.inputs.narrow(1, 0, place + 1), batch.targets.narrow(1, 0, place + 1)};
    const Batch less{batch.inputs.narrow(1, 0, place), batch.targets.narrow(1, 0, place)};
    return bound.model->score(one).loss - (place > 0 ? bound.model->score(less).loss : 0);
  };
  const double before = loss_of_place(4);
  batch.inputs[0][5] = (batch.inputs[0][5].item<int64_t>() + 1) % shape.vocabulary;
  EXPECT_EQ(loss_of_place(4), before);
  batch.inputs[0][1] = (batch.inputs[0][1].item<int64_t>() + 1) % shape.vocabulary;
  EXPECT_GT(std::abs(loss_of_place(4) - before), 1e-4);
}

TEST(Gpt, DropsOutInTrainingOnlyAndByItsKey) {
  GptShape shape = small();
  shape.dropout = 0.3;
  Bound bound(shape);
  const Batch batch = random_batch(4, shape);
  const auto loss = [&](uint64_t step) {
    return bound.model->loss_and_gradient(batch, {1, Purpose::dropout, 0, step});
  };
  EXPECT_EQ(loss(1), loss(1));
  EXPECT_NE(loss(1), loss(2));
  EXPECT_EQ(bound.model->score(batch).loss, Bound(small()).model->score(batch).loss);
}

TEST(Gpt, RefusesShapesThatCannotBe) {
  const struct {
    std::function<void(GptShape&)> change;
    const char* message;
  } cases[] = {
      {[](GptShape& s) { s.width = 13; }, "gpt.width = 13: is not divisible by gpt.heads = 3"},
      {[](GptShape& s) { s.positions = GptPositions::rotary, s.head_width = 5; },
       "gpt.head_width = 5: rotary"},
      {[](GptShape& s) { s.positions = GptPositions::rotary, s.width = 15; }, "gpt.head_width = 5: rotary"},
      {[](GptShape& s) { s.layers = 0; }, "gpt.layers = 0: must be at least 1"},
      {[](GptShape& s) { s.heads = 0; }, "gpt.heads = 0"},
      {[](GptShape& s) { s.context = 0; }, "text.context = 0"},
      {[](GptShape& s) { s.vocabulary = 1; }, "text.vocabulary = 1"},
      {[](GptShape& s) { s.dropout = 1; }, "gpt.dropout = 1"},
  };
  for (const auto& bad : cases) {
    GptShape shape = small();
    bad.change(shape);
    try {
      make_gpt(shape);
      ADD_FAILURE() << "was accepted: " << bad.message;
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad.message));
    }
  }
}

// -log P(token | what the generator has read).
double surprise(const at::Tensor& logits, int64_t token) {
  return -logits.to(at::kDouble).log_softmax(0)[token].item<double>();
}

TEST(TextGenerator, ReadsTokenByTokenWhatTheModelSeesAtOnce) {
  for (const GptPositions positions : {GptPositions::learned, GptPositions::rotary}) {
    const GptShape shape = small(positions);
    Bound bound(shape, {.seed = 5});
    bound.parameters.mul_(6);
    TextGenerator generator(shape);
    ASSERT_EQ(generator.parameters(), bound.model->parameters());
    generator.weights().copy_(bound.parameters);
    const Batch batch = random_batch(1, shape, 8);
    const int64_t* const tokens = batch.inputs.data_ptr<int64_t>();
    const int64_t* const targets = batch.targets.data_ptr<int64_t>();
    double sum = 0;
    for (int64_t i = 0; i < shape.context; ++i) sum += surprise(generator.read({tokens + i, 1}), targets[i]);
    EXPECT_NEAR(sum, bound.model->score(batch).loss, 1e-4 * sum);
    // A prompt of several tokens at once leads to the same place.
    TextGenerator other(shape);
    other.weights().copy_(bound.parameters);
    other.read({tokens, 4});
    const at::Tensor last = other.read({tokens + 4, 1});
    const Batch five{batch.inputs.narrow(1, 0, 5), batch.targets.narrow(1, 0, 5)};
    const Batch four{batch.inputs.narrow(1, 0, 4), batch.targets.narrow(1, 0, 4)};
    EXPECT_NEAR(surprise(last, targets[4]), bound.model->score(five).loss - bound.model->score(four).loss,
                1e-4);
  }
}

TEST(TextGenerator, ReadsTheLaterHalfAnewWhenTheContextIsFull) {
  const GptShape shape = small();
  TextGenerator generator(shape), fresh(shape);
  generator.weights().copy_(Bound(shape).parameters.mul(6));
  fresh.weights().copy_(generator.weights());
  std::vector<int64_t> tokens;
  for (int64_t i = 0; i < 10; ++i) tokens.push_back(i * 5 % 13);
  at::Tensor logits;
  for (const int64_t token : tokens) logits = generator.read({&token, 1});
  EXPECT_TRUE(at::equal(logits, fresh.read({tokens.data() + 5, 5})));
  const int64_t next = 3;
  EXPECT_TRUE(at::equal(generator.read({&next, 1}), fresh.read({&next, 1})));
}

TEST(ChooseToken, FollowsTemperatureAndTopK) {
  const at::Tensor logits = at::tensor({0.0, 2.0, 1.0, 2.0}, at::kDouble);
  RandomStream stream({1, Purpose::test, 0, 0});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(choose_token(logits, {.temperature = 0}, stream), 1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(choose_token(logits, {.top_k = 1}, stream), 1);
  const auto shares = [&](const ChoiceOptions& options) {
    std::vector<double> counts(4, 0);
    for (int i = 0; i < 20000; ++i)
      counts[static_cast<size_t>(choose_token(logits, options, stream))] += 5e-5;
    return counts;
  };
  const double sum = 1 + 2 * std::exp(2.0) + std::exp(1.0), cold = 1 + 2 * std::exp(4.0) + std::exp(2.0);
  EXPECT_NEAR(shares({})[0], 1 / sum, 0.01);
  EXPECT_NEAR(shares({})[2], std::exp(1.0) / sum, 0.015);
  EXPECT_NEAR(shares({.temperature = 0.5})[2], std::exp(2.0) / cold, 0.01);
  const auto two = shares({.top_k = 2});
  EXPECT_EQ(two[0] + two[2], 0);
  EXPECT_NEAR(two[1], 0.5, 0.015);
  EXPECT_THROW(ChoiceOptions{.temperature = -1}.validate(), OptionError);
  EXPECT_THROW(ChoiceOptions{.temperature = INFINITY}.validate(), OptionError);
  EXPECT_THROW(ChoiceOptions{.top_k = -1}.validate(), OptionError);
}

}  // namespace
}  // namespace muster

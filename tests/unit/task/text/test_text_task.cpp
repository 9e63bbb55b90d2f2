#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <set>

#include "muster/base/error.h"
#include "muster/task/text/text_task.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The tokens 0, 1, 2, ...: a window tells where it lies.
Text counting(int64_t size, std::vector<int64_t> documents = {}) {
  std::vector<uint32_t> values(static_cast<size_t>(size));
  std::iota(values.begin(), values.end(), 0U);
  return {Tokens::of(values, 1 << 20, "counted.txt"), std::move(documents)};
}

TextTaskOptions options_with(int64_t context) {
  TextTaskOptions options;
  options.model = {.vocabulary = 1 << 12, .context = context, .layers = 1, .width = 4, .heads = 1};
  options.training.seed = 6;
  return options;
}

std::vector<int64_t> first_tokens(const Batch& batch) {
  std::vector<int64_t> first;
  for (int64_t i = 0; i < batch.size(); ++i) first.push_back(batch.inputs[i][0].item<int64_t>());
  return first;
}

TEST(TextTask, TargetsAreTheTokensOnePlaceFurtherOn) {
  const TextTask task("text", {counting(100), counting(40), std::nullopt}, options_with(8));
  for (const Batch& batch : {task.train_batch(std::vector<int64_t>{3, 0, 7}, 2), task.test_batch(1, 3)}) {
    EXPECT_EQ(batch.inputs.sizes().vec(), (std::vector<int64_t>{3, 8}));
    EXPECT_TRUE(at::equal(batch.targets, batch.inputs.add(1)));
    for (int64_t i = 0; i < 3; ++i)
      EXPECT_EQ(batch.inputs[i][7].item<int64_t>(), batch.inputs[i][0].item<int64_t>() + 7);
  }
}

TEST(TextTask, HeldOutWindowsPredictEveryTokenButTheFirstOnce) {
  const TextTask task("text", {counting(100), counting(41), std::nullopt}, options_with(8));
  EXPECT_EQ(task.test_size(), 5);
  EXPECT_THAT(first_tokens(task.test_batch(0, 5)), ElementsAre(0, 8, 16, 24, 32));
  EXPECT_EQ(TextTask("text", {counting(100), counting(40), std::nullopt}, options_with(8)).test_size(), 4);
}

TEST(TextTask, TrainingWindowsMoveFromEpochToEpochAndStayInTheText) {
  for (const int64_t size : {17, 20, 24, 25, 100}) {
    const TextTask task("text", {counting(size), counting(40), std::nullopt}, options_with(8));
    EXPECT_EQ(task.train_size(), std::max<int64_t>(1, size / 8 - 1)) << size;
    std::set<int64_t> starts;
    for (int64_t epoch = 0; epoch < 60; ++epoch) {
      std::vector<int64_t> samples(static_cast<size_t>(task.train_size()));
      std::iota(samples.begin(), samples.end(), 0);
      const Batch batch = task.train_batch(samples, epoch);
      starts.insert(batch.inputs[0][0].item<int64_t>());
      EXPECT_LT(batch.targets.max().item<int64_t>(), size);
      for (int64_t i = 1; i < batch.size(); ++i)
        EXPECT_EQ(batch.inputs[i][0].item<int64_t>(), batch.inputs[i - 1][0].item<int64_t>() + 8);
    }
    EXPECT_EQ(*starts.begin(), 0);
    EXPECT_EQ(*starts.rbegin(), static_cast<int64_t>(starts.size()) - 1);
    EXPECT_GT(starts.size(), 6U);
    EXPECT_EQ(first_tokens(task.train_batch(std::vector<int64_t>{0}, 5)),
              first_tokens(task.train_batch(std::vector<int64_t>{0}, 5)));
  }
}

TEST(TextTask, OneWindowIsEnough) {
  const TextTask task("text", {counting(9), counting(9), std::nullopt}, options_with(8));
  EXPECT_EQ(task.train_size(), 1);
  EXPECT_EQ(task.test_size(), 1);
  EXPECT_THAT(first_tokens(task.train_batch(std::vector<int64_t>{0}, 3)), ElementsAre(0));
}

TEST(TextTask, LimitsKeepTheFirstWindows) {
  TextTaskOptions options = options_with(8);
  options.samples = 3;
  options.test_samples = 2;
  const TextTask task("text", {counting(100), counting(40), std::nullopt}, options);
  EXPECT_EQ(task.train_size(), 3);
  EXPECT_EQ(task.test_size(), 2);
}

TEST(TextTask, SplitsATextAtItsEndAndGroupsWindowsByDocument) {
  const TextSets sets = split_text(counting(100, {0, 20, 44, 95}), 0.25);
  EXPECT_EQ(sets.train.tokens.size(), 75);
  EXPECT_EQ(sets.test.tokens.size(), 25);
  EXPECT_EQ(sets.test.tokens[0], 75);
  EXPECT_THAT(sets.train.documents, ElementsAre(0, 20, 44));
  const TextTask task("text", sets, options_with(8));
  // The windows 0 ... 7 have their middles at 4, 12, 20, 28, 36, 44, 52, 60.
  EXPECT_THAT(task.train_documents(), ElementsAre(0, 0, 1, 1, 1, 2, 2, 2));
  EXPECT_THAT(TextTask("text", split_text(counting(100), 0.25), options_with(8)).train_documents(),
              ElementsAre());
}

TEST(TextTask, KnowsItsFloorWhereTheSourceDoes) {
  EXPECT_EQ(TextTask("text", {counting(50), counting(50), 1.25}, options_with(8)).loss_floor(), 1.25);
  EXPECT_EQ(TextTask("text", {counting(50), counting(50), std::nullopt}, options_with(8)).loss_floor(),
            std::nullopt);
}

TEST(TextTask, ActivationsAreThoseOfAMicroBatch) {
  TextTaskOptions options = options_with(8);
  const int64_t whole = TextTask("text", {counting(50), counting(50), {}}, options).activation_bytes(10);
  options.training.micro_batches = 4;
  EXPECT_EQ(TextTask("text", {counting(50), counting(50), {}}, options).activation_bytes(10) * 10, whole * 3);
}

TEST(TextTask, RefusesTextsThatDoNotFit) {
  const struct {
    int64_t train, test;
    std::function<void(TextTaskOptions&)> change;
    const char* message;
  } cases[] = {
      {8, 40, {}, "'counted.txt' has 8 tokens to train on; one window of text.context = 8 needs 9"},
      {40,
       8,
       {},
       "'counted.txt' has 8 tokens held out to measure on; one window of text.context = 8 needs 9"},
      {40, 40, [](TextTaskOptions& o) { o.model.vocabulary = 30; },
       "'counted.txt': token 30 (at byte 120) is 30; a vocabulary of 30 tokens ends at 29"},
      {40, 40, [](TextTaskOptions& o) { o.samples = 5; },
       "task.samples = 5: the text has only 4 windows of 8 tokens"},
      {40, 40, [](TextTaskOptions& o) { o.test_samples = 5; },
       "task.test_samples = 5: the text has only 4 windows of 8 tokens"},
      {40, 40, [](TextTaskOptions& o) { o.model.context = 0; }, "text.context = 0"},
      {40, 40, [](TextTaskOptions& o) { o.training.label_smoothing = 1; }, "task.label_smoothing = 1"},
  };
  for (const auto& bad : cases) {
    TextTaskOptions options = options_with(8);
    if (bad.change) bad.change(options);
    try {
      const TextTask task("text", {counting(bad.train), counting(bad.test), std::nullopt}, options);
      ADD_FAILURE() << "was accepted: " << bad.message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(bad.message));
    }
  }
}

TEST(TextTask, TellsOfABadTokenAlsoWhenItIsReadLater) {
  // A later window's token, out of a vocabulary that the check at the start has not seen: a part of the text.
  const Tokens tokens = counting(100).tokens;
  std::vector<int64_t> window(9);
  EXPECT_THROW(tokens.copy(50, 55, window), DataError);
}

}  // namespace
}  // namespace muster

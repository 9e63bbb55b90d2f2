#include "muster/task/text/text_task.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

constexpr int64_t checked_tokens = int64_t{1} << 24;

// Tokens that a text must have for one window.
void require_window(const Tokens& tokens, int64_t context, const char* use) {
  if (tokens.size() > context) return;
  throw DataError(
      fmt::format("'{}' has {} tokens {}; one window of text.context = {} needs {}: use a "
                  "smaller context or give a longer text",
                  tokens.source(), tokens.size(), use, context, context + 1));
}

void keep_first(TextWindows& windows, std::optional<int64_t> limit, const char* key, int64_t context) {
  if (!limit) return;
  if (*limit > windows.count())
    throw OptionError(key, std::to_string(*limit),
                      fmt::format("the text has only {} windows of {} tokens", windows.count(), context));
  windows.keep_first(*limit);
}

}  // namespace

TextSets split_text(const Text& text, double fraction) {
  const int64_t size = text.tokens.size();
  const auto held_out = static_cast<int64_t>(static_cast<double>(size) * fraction);
  const int64_t kept = size - held_out;
  TextSets sets{{text.tokens.part(0, kept), {}, text.mark_left_out},
                {text.tokens.part(kept, held_out), {}, text.mark_left_out},
                std::nullopt};
  for (const int64_t start : text.documents)
    if (start < kept) sets.train.documents.push_back(start);
  return sets;
}

TextTask::TextTask(std::string name, TextSets texts, const TextTaskOptions& options)
    : name_(std::move(name)),
      texts_(std::move(texts)),
      options_(options),
      train_windows_(
          TextWindows::moving(texts_.train.tokens.size(), std::max<int64_t>(1, options.model.context))),
      test_windows_(
          TextWindows::fixed(texts_.test.tokens.size(), std::max<int64_t>(1, options.model.context))) {
  options_.model.validate();
  options_.training.validate();
  const int64_t context = options_.model.context;
  require_window(texts_.train.tokens, context, "to train on");
  require_window(texts_.test.tokens, context, "held out to measure on");
  keep_first(train_windows_, options_.samples, "task.samples", context);
  keep_first(test_windows_, options_.test_samples, "task.test_samples", context);
  texts_.train.tokens.check(options_.model.vocabulary, checked_tokens);
  texts_.test.tokens.check(options_.model.vocabulary, checked_tokens);
}

std::unique_ptr<Model> TextTask::make_model() const {
  return make_nn_model(make_gpt(options_.model), options_.training);
}

Batch TextTask::batch_of(const Tokens& tokens, std::span<const int64_t> starts) const {
  const int64_t context = options_.model.context, count = static_cast<int64_t>(starts.size());
  Batch batch{at::empty({count, context}, at::kLong), at::empty({count, context}, at::kLong)};
  std::vector<int64_t> window(static_cast<size_t>(context) + 1);
  int64_t *inputs = batch.inputs.data_ptr<int64_t>(), *targets = batch.targets.data_ptr<int64_t>();
  for (const int64_t start : starts) {
    tokens.copy(start, options_.model.vocabulary, window);
    inputs = std::copy_n(window.begin(), context, inputs);
    targets = std::copy_n(window.begin() + 1, context, targets);
  }
  return batch;
}

Batch TextTask::train_batch(std::span<const int64_t> samples, int64_t epoch) const {
  const int64_t offset = train_windows_.offset(options_.training.seed, epoch);
  std::vector<int64_t> starts;
  for (const int64_t sample : samples) {
    invariant(sample >= 0 && sample < train_size(), "a sample index lies outside the data");
    starts.push_back(train_windows_.start(sample, offset));
  }
  return batch_of(texts_.train.tokens, starts);
}

Batch TextTask::test_batch(int64_t first, int64_t count) const {
  invariant(first >= 0 && count >= 0 && first + count <= test_size(), "a sample index lies outside the data");
  std::vector<int64_t> starts;
  for (int64_t sample = first; sample < first + count; ++sample)
    starts.push_back(test_windows_.start(sample, 0));
  return batch_of(texts_.test.tokens, starts);
}

int64_t TextTask::activation_bytes(int64_t batch) const {
  const int64_t parts = options_.training.micro_batches;
  return gpt_activations(options_.model) * static_cast<int64_t>(sizeof(float)) *
         ((batch + parts - 1) / parts);
}

std::vector<int64_t> TextTask::train_documents() const {
  const std::vector<int64_t>& starts = texts_.train.documents;
  std::vector<int64_t> documents;
  if (starts.empty()) return documents;
  for (int64_t window = 0; window < train_size(); ++window) {
    const int64_t middle = train_windows_.start(window, 0) + options_.model.context / 2;
    documents.push_back(std::upper_bound(starts.begin(), starts.end(), middle) - starts.begin() - 1);
  }
  return documents;
}

std::map<std::string, std::string> TextTask::content() const {
  if (texts_.entropy) return {};  // made from the configuration
  return {{"training", texts_.train.tokens.digest()}, {"test", texts_.test.tokens.digest()}};
}

std::vector<std::string> TextTask::introduction() const {
  if (texts_.entropy) return {};
  return {introduction_of(texts_.train, "training"), introduction_of(texts_.test, "held-out")};
}

std::optional<std::string> TextTask::data_problem() const {
  const auto problem = texts_.train.tokens.problem();
  return problem ? problem : texts_.test.tokens.problem();
}

}  // namespace muster::inline task

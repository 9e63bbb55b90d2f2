#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/task/models/gpt.h"
#include "muster/task/models/nn_model.h"
#include "muster/task/task.h"
#include "muster/task/text/text_file.h"
#include "muster/task/text/text_windows.h"

namespace muster::inline task {

struct TextTaskOptions {
  GptShape model;
  NnOptions training;                   ///< its seed is also that of the windows' places
  std::optional<int64_t> samples;       ///< windows of the training text to use, from its start; absent: all
  std::optional<int64_t> test_samples;  ///< likewise of the held-out text
};

/// What a text task reads.
struct TextSets {
  Text train;
  Text test;
  std::optional<double> entropy;  ///< nats per token, where the source's is known
};

/// Holds out the last `fraction` of a text. Documents that begin in the first part stay with it.
TextSets split_text(const Text& text, double fraction);

/// Prediction of the next token at every place of windows of `context` tokens. Training windows lie side by
/// side from a start that is another in every epoch; held-out windows lie side by side from the first token,
/// so that every token but the first is predicted once, from the tokens before it in its window (few near the
/// window's beginning).
class TextTask final : public Task {
 public:
  /// Throws OptionError; DataError when a text is shorter than a window, or for a token outside the
  /// vocabulary in the first 2^24 (later ones are found when they are read).
  TextTask(std::string name, TextSets texts, const TextTaskOptions& options);

  std::string name() const override { return name_; }
  std::unique_ptr<Model> make_model() const override;
  int64_t train_size() const override { return train_windows_.count(); }
  int64_t test_size() const override { return test_windows_.count(); }
  /// Inputs and targets: int64, samples x context; targets are the tokens one place further on.
  Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const override;
  Batch test_batch(int64_t first, int64_t count) const override;
  int64_t activation_bytes(int64_t batch) const override;
  /// The document that holds a window's middle, in the epoch whose windows begin at the text's first token.
  std::vector<int64_t> train_documents() const override;
  std::map<std::string, std::string> content() const override;
  std::vector<std::string> introduction() const override;
  std::optional<std::string> data_problem() const override;
  /// The source's entropy: no prediction from all tokens before has a lower loss, and a window holds fewer.
  std::optional<double> loss_floor() const override { return texts_.entropy; }

 private:
  Batch batch_of(const Tokens& tokens, std::span<const int64_t> starts) const;

  std::string name_;
  TextSets texts_;
  TextTaskOptions options_;
  TextWindows train_windows_, test_windows_;
};

}  // namespace muster::inline task

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "muster/base/random.h"
#include "muster/flat/layout.h"
#include "muster/task/models/gpt.h"

namespace muster::inline task {

/// How the next token is chosen.
struct ChoiceOptions {
  double temperature = 1;  ///< logits are divided by it; 0: always the likeliest
  int64_t top_k = 0;       ///< only the k likeliest are drawn from; 0: all
  /// Throws OptionError on --temperature or --top_k.
  void validate() const;
};

/// A token drawn from softmax(logits / temperature) over the top_k likeliest (equal ones: the lower number
/// first). logits: one-dimensional, finite.
int64_t choose_token(const at::Tensor& logits, const ChoiceOptions& options, RandomStream& stream);

/// A trained GPT that continues a text, token by token. Keeps keys and values of what it has read. When the
/// context is full, it reads the later half of it anew and goes on from there.
class TextGenerator {
 public:
  /// Throws OptionError.
  explicit TextGenerator(const GptShape& shape);
  ~TextGenerator();
  TextGenerator(TextGenerator&&) noexcept;

  int64_t vocabulary() const;

  /// The layout of the weights, and the vector that holds them, to be filled.
  const Layout& parameters() const;
  at::Tensor& weights();

  /// Logits (vocabulary) of the token after `tokens`, which follow what was read before. REQUIRES: at least
  /// one token; all below the vocabulary.
  at::Tensor read(std::span<const int64_t> tokens);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::inline task

#pragma once

#include <memory>

#include "muster/app/options.h"
#include "muster/task/gpt.h"
#include "muster/task/task.h"
#include "muster/task/tokenizer.h"

namespace muster {

/// A task of text: made by a Markov chain, a text file, or a file of tokens. Throws OptionError, FileError,
/// DataError.
std::unique_ptr<Task> build_text_task(const Configuration& configuration);

/// What makes tokens of text; null for markov and tokens, whose tokens are numbers. Throws FileError,
/// DataError.
std::unique_ptr<Tokenizer> build_tokenizer(const Configuration& configuration);

/// How many tokens the model of this configuration knows; `tokenizer` may be null. Throws OptionError where
/// text.vocabulary is smaller than the tokenizer's.
int64_t vocabulary_of(const Configuration& configuration, const Tokenizer* tokenizer);

/// The shape of task.model.
GptShape gpt_shape(const Configuration& configuration, int64_t vocabulary);

}  // namespace muster

#pragma once

#include <memory>

#include "muster/app/keys/options.h"
#include "muster/task/models/gpt.h"
#include "muster/task/task.h"
#include "muster/task/text/tokenizer.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

struct TaskRequest;

// The makers of tasks of text: made by a Markov chain, a text file, a file of tokens. Each throws
// OptionError, FileError, DataError.
std::unique_ptr<Task> make_markov_task(const TaskRequest& request);
std::unique_ptr<Task> make_text_task(const TaskRequest& request);
std::unique_ptr<Task> make_tokens_task(const TaskRequest& request);

/// The configuration's tokenizer; null where the data are tokens already. Throws FileError, DataError.
std::unique_ptr<Tokenizer> build_tokenizer(const Catalogue& catalogue, const Configuration& configuration);

/// The size of the model's vocabulary; `tokenizer` may be null. Throws OptionError where text.vocabulary is
/// smaller than the tokenizer's.
int64_t vocabulary_of(const Configuration& configuration, const Tokenizer* tokenizer);

/// The shape of task.model.
GptShape gpt_shape(const Catalogue& catalogue, const Configuration& configuration, int64_t vocabulary);

}  // namespace muster::inline engine

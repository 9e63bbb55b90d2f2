#pragma once

#include "muster/app/keys/options.h"
#include "muster/task/kinds/model_kinds.h"
#include "muster/task/kinds/task_kinds.h"

namespace muster::inline app {

/// Checks the keys of a text task against each other: its data, its tokens, the shape of its GPT. Throws
/// OptionError with the key that should change, its value and what to do.
void check_text(const Configuration& configuration, const TaskKind& task, const ModelKind& model);

/// The part of it that concerns the network alone.
void check_gpt(const GptSection& gpt, const ModelKind& model);

}  // namespace muster::inline app

#pragma once

#include "muster/app/options.h"

namespace muster {

/// What is wrong together in the keys of a task of text: its data, its tokens, the shape of its GPT. Throws
/// OptionError with the key that should change, its value and what to do.
void check_text(const Configuration& configuration);

/// The part of it that concerns the network alone.
void check_gpt(const Configuration& configuration);

}  // namespace muster

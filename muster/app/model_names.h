#pragma once

#include <string>
#include <vector>

namespace muster {

/// The words of task.model, in the order in which help and `muster models` list them.
std::vector<std::string> model_names();

/// True for the models of text (the others are of images).
bool is_text_model(const std::string& name);

}  // namespace muster

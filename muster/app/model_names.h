#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// One model, as `muster models` lists it.
struct ModelCard {
  std::string_view name;   ///< the word of task.model
  int64_t side = 0;        ///< pixels of the square images that its paper gives it; 0 for text
  int64_t classes = 0;     ///< and how many kinds of them; 0 for text
  std::string_view paper;  ///< where it comes from
};

/// All models, in the order in which help and `muster models` list them.
const std::vector<ModelCard>& model_cards();

/// The words of task.model.
std::vector<std::string> model_names();

/// True for the words of task.name whose samples are text (the others are images).
bool is_text_task(const std::string& name);

/// True for the words of task.name whose data are made by the program, from a seed.
bool is_made_task(const std::string& name);

/// True for the models of text (the others are of images).
bool is_text_model(const std::string& name);

}  // namespace muster

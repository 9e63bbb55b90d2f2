#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::inline task {

/// How a file holds the weights of a GPT's linear layers: as this program and nanoGPT, or as the Conv1D of
/// Hugging Face's Transformers.
enum class LinearLayout { outputs_inputs, inputs_outputs };

/// "outputs x inputs", "inputs x outputs": also the value of the metadata's `linear_layout`.
std::string_view name_of(LinearLayout layout);
/// Throws DataError, naming `path`, for another name.
LinearLayout linear_layout_named(const std::string& path, std::string_view name);

/// Whether tensors are a GPT's: an embedding wte.weight, with or without the prefix `transformer.`.
bool holds_gpt(const std::map<std::string, at::Tensor>& tensors);

/// The findings of take_gpt().
struct FoundGpt {
  LinearLayout layout = LinearLayout::outputs_inputs;
  bool prefix = true;       ///< the names had `transformer.` before them
  int64_t deciding = 0;     ///< weights whose shape shows their layout
  int64_t following = 0;    ///< square ones, whose shape does not show it
  int64_t masks = 0;        ///< left out: attn.bias, attn.masked_bias
  bool equal_head = false;  ///< there is an lm_head.weight, and it equals the embedding
  bool other_head = false;  ///< there is one that differs
};

/// Puts a GPT's tensors into this program's names and layout: adds the prefix, leaves out masks of attention,
/// transposes what is inputs x outputs. The layout is that of the weights that are not square, by the length
/// of their biases, which is the number of outputs; square ones (attn.c_proj, as a rule) follow. Does not
/// touch lm_head.weight, which is vocabulary x width in every file.
/// `declared` is what the file itself says. Throws DataError, naming `path`: weights that contradict each
/// other (two are named) or `declared`, a bias that fits neither side, names with and without the prefix, a
/// mask that is not causal.
FoundGpt take_gpt(const std::string& path, std::map<std::string, at::Tensor>& tensors,
                  std::optional<LinearLayout> declared);

/// This program's tensors as Transformers holds them: inputs x outputs (views), without the prefix on
/// request.
std::vector<std::pair<std::string, at::Tensor>> as_transformers_gpt(
    const std::vector<std::pair<std::string, at::Tensor>>& tensors, bool prefix);

}  // namespace muster::inline task

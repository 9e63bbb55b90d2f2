#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace muster::inline app {

/// The shape of a GPT-2 as the config.json of Hugging Face's Transformers gives it; what is left out there
/// has the defaults of its GPT2Config. No tensor's shape gives the number of heads: only this file does.
struct Gpt2Config {
  int64_t vocabulary = 50257;  ///< vocab_size
  int64_t context = 1024;      ///< n_positions
  int64_t width = 768;         ///< n_embd
  int64_t layers = 12;         ///< n_layer
  int64_t heads = 12;          ///< n_head
  bool tied_head = true;       ///< tie_word_embeddings
  double dropout = 0;          ///< embd_pdrop and resid_pdrop; written, not read: training has its own key
};

/// Whether a JSON file gives a `model_type`, as the config.json of Transformers does. Throws FileError,
/// DataError.
bool gives_model_type(const std::string& path);

/// Reads a config.json. Throws FileError; DataError, naming file, key, value and what is taken, for another
/// model_type, and for what this program's GPT does not compute: an activation other than GELU in its tanh
/// form (gelu_new), an epsilon other than 1e-5, a feed-forward that is not 4 times as wide, cross attention,
/// attention scaled otherwise.
Gpt2Config read_gpt2_config(const std::string& path);

/// The text of a config.json from which Transformers makes the same network.
std::string gpt2_config_json(const Gpt2Config& config);

/// The same shape as this program's configuration, for the metadata of a model's file: task, gpt and text.
/// Without heads where they are unknown. The tokens are numbers: nothing is said of a tokenizer.
std::string gpt2_configuration(const Gpt2Config& config, bool heads_known);

}  // namespace muster::inline app

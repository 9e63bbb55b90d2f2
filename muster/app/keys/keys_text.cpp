#include "muster/app/keys/keys.h"

namespace muster::inline app {

namespace {

template <class T>
Key text(const char* name, T TextSection::*member) {
  return make_key(std::string("text.") + name, &Configuration::text, member);
}

template <class T>
Key gpt(const char* name, T GptSection::*member) {
  return make_key(std::string("gpt.") + name, &Configuration::gpt, member);
}

}  // namespace

std::vector<Key> text_keys() {
  return {
      text("tokenizer", &TextSection::tokenizer)
          .says("How text becomes tokens: bytes, or the path of a SentencePiece model."),
      text("token_type", &TextSection::token_type)
          .says("Integers in the file of task.name = tokens, little endian.")
          .one_of({"uint8", "uint16", "uint32"}),
      text("vocabulary", &TextSection::vocabulary)
          .says("Tokens that the model knows.")
          .in("tokens")
          .absent("256 for bytes, the tokenizer's for SentencePiece, 32 for markov; a token file needs it")
          .at_least(2)
          .at_most(1e7),
      text("context", &TextSection::context)
          .says("Tokens that a sample holds and the model looks back on.")
          .in("tokens")
          .at_least(1)
          .at_most(65536),
      text("test_fraction", &TextSection::test_fraction)
          .says(
              "Share of the text, at its end, that is kept for measuring where task.test_data is not given.")
          .above(0)
          .below(1),
      text("document_separator", &TextSection::document_separator)
          .says("Text between two documents, for the sampler by_document (\\n is a line break).")
          .absent("an empty line"),
      text("markov_order", &TextSection::markov_order)
          .says("task.name = markov: the number of earlier symbols on which the next one depends.")
          .in("symbols")
          .at_least(1)
          .at_most(4),
  };
}

std::vector<Key> gpt_keys() {
  return {
      gpt("layers", &GptSection::layers)
          .says("task.model = gpt: blocks of attention and feed-forward.")
          .at_least(1)
          .at_most(1000),
      gpt("width", &GptSection::width)
          .says("task.model = gpt: width of the residual stream.")
          .at_least(1)
          .at_most(65536),
      gpt("heads", &GptSection::heads)
          .says("task.model = gpt: heads of attention.")
          .at_least(1)
          .at_most(1024),
      gpt("head_width", &GptSection::head_width)
          .says("task.model = gpt: width of a head's keys and values.")
          .absent("gpt.width / gpt.heads")
          .at_least(1)
          .at_most(4096),
      gpt("positions", &GptSection::positions)
          .says("How positions are encoded: a learned vector for each position, or rotated keys (RoPE).")
          .one_of({"learned", "rotary"}),
      gpt("tied_head", &GptSection::tied_head)
          .says("The output's matrix is the embedding's; false: a separate matrix, lm_head.weight."),
      gpt("dropout", &GptSection::dropout)
          .says("Share of the activations that are dropped in training.")
          .at_least(0)
          .below(1),
  };
}

}  // namespace muster::inline app

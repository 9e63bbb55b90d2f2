#include "muster/engine/text_model.h"

#include <fmt/format.h>

#include "muster/app/keys/catalogue.h"
#include "muster/app/options/text_contradictions.h"
#include "muster/base/error.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/engine/build_text_task.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline engine {

Configuration text_model_configuration(const Catalogue& catalogue, const std::string& path,
                                       const std::vector<Setting>& settings) {
  Configuration configuration;
  configuration.task.name = "text";
  configuration.task.model = "gpt";
  for (const Setting& setting : settings)
    catalogue.find_key(setting.name, setting.text).set_text(configuration, setting.text);
  const ModelKind& model = catalogue.models().at(configuration.task.model);
  if (model.inputs != Inputs::text)
    throw DataError(fmt::format("'{}' holds a {}, a model of images; this command takes models of text only",
                                path, model.name));
  check_gpt(configuration.gpt, model);
  return configuration;
}

TextGenerator load_generator(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                             const Configuration& configuration, const Tokenizer* tokenizer) {
  const auto embedding = file.tensors.find("transformer.wte.weight");
  if (embedding == file.tensors.end() || embedding->second.shape.size() != 2)
    throw DataError(fmt::format("'{}' holds no GPT: there is no tensor 'transformer.wte.weight'", path));
  const int64_t vocabulary = embedding->second.shape[0];
  if (tokenizer != nullptr && tokenizer->vocabulary() > vocabulary)
    throw DataError(
        fmt::format("'{}' has a vocabulary of {} tokens, text.tokenizer = {} has {}; give the tokenizer that "
                    "belongs to the model",
                    path, vocabulary, configuration.text.tokenizer, tokenizer->vocabulary()));
  TextGenerator generator(gpt_shape(catalogue, configuration, vocabulary));
  Vector weights = vector_of(generator.weights()), no_buffers = flat_vector(0);
  fill_from_tensors(path, file.tensors, generator.parameters(), weights, {}, no_buffers);
  return generator;
}

}  // namespace muster::inline engine

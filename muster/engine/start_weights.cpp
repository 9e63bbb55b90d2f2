#include "muster/engine/start_weights.h"

#include <fmt/format.h>

#include "muster/app/keys/catalogue.h"
#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/choice/value.h"
#include "muster/engine/build_text_task.h"
#include "muster/engine/model_file.h"
#include "muster/libtorch/stored_tensors.h"
#include "muster/task/models/gpt_layout.h"

namespace muster::inline engine {

namespace {

constexpr const char* embedding_name = "transformer.wte.weight";
constexpr const char* head_name = "lm_head.weight";

bool names(const std::vector<Setting>& settings, std::string_view key) {
  for (const Setting& setting : settings)
    if (setting.name == key) return true;
  return false;
}

void require_same_key(const Catalogue& catalogue, const std::string& path, const std::string& name,
                      const std::vector<Setting>& settings, const Configuration& stored,
                      const Configuration& configuration) {
  if (!names(settings, name)) return;
  const Key& key = catalogue.find_key(name, "");
  const Value asked = key.get(configuration), trained = key.get(stored);
  if (asked == trained) return;
  throw OptionError(name, format_plain(asked),
                    fmt::format("'{}', the model to start from, has {}, which no shape of its weights "
                                "shows; use {} = {}",
                                path, format_plain(trained), name, format_plain(trained)));
}

// Models with a name of their own fix their heads, so shapes are compared and not keys.
void require_same_heads(const Catalogue& catalogue, const std::string& path, const Configuration& stored,
                        const Configuration& configuration) {
  const int64_t vocabulary = 2;  // of no matter here
  const int64_t trained = gpt_shape(catalogue, stored, vocabulary).heads;
  const int64_t asked = gpt_shape(catalogue, configuration, vocabulary).heads;
  if (trained == asked) return;
  throw OptionError("gpt.heads", std::to_string(asked),
                    fmt::format("'{}', the model to start from, has {} heads, which no shape of its weights "
                                "shows; use gpt.heads = {}",
                                path, trained, trained));
}

/// The run's configuration, with the network that the file stores.
Configuration stored_network(const Catalogue& catalogue, const std::vector<Setting>& settings,
                             Configuration configuration) {
  for (const Setting& setting : settings)
    catalogue.find_key(setting.name, setting.text).set_text(configuration, setting.text);
  return configuration;
}

void require_same_network(const Catalogue& catalogue, const std::string& path, const Safetensors& file,
                          const Configuration& configuration) {
  const std::vector<Setting> settings = settings_of_network(catalogue, file);
  if (settings.empty()) return;
  const Configuration stored = stored_network(catalogue, settings, configuration);
  const ModelKind& model = catalogue.models().at(configuration.task.model);
  const ModelKind& stored_model = catalogue.models().at(stored.task.model);
  const bool text = model.inputs == Inputs::text;
  if (text != (stored_model.inputs == Inputs::text)) return;  // shapes and names differ: a clearer error
  if (!text) {
    require_same_key(catalogue, path, "image.activation", settings, stored, configuration);
    require_same_key(catalogue, path, "image.pooling", settings, stored, configuration);
    return;
  }
  require_same_key(catalogue, path, "gpt.positions", settings, stored, configuration);
  if (names(settings, "gpt.heads") || !stored_model.built_from_keys)
    require_same_heads(catalogue, path, stored, configuration);
  else
    print_log("'{}' does not say how many heads it has; gpt.heads = {} of this run is used\n", path,
              gpt_shape(catalogue, configuration, 2).heads);
}

// A run whose head is not tied may start from a file whose head is; not the other way round.
void fit_head(const std::string& path, Safetensors& file, const Configuration& configuration) {
  if (!holds_gpt(tensors_of(file.tensors))) return;
  const auto head = file.tensors.find(head_name);
  if (!configuration.gpt.tied_head && head == file.tensors.end())
    file.tensors[head_name] = file.tensors.at(embedding_name);
  if (configuration.gpt.tied_head && head != file.tensors.end())
    throw OptionError("gpt.tied_head", "true",
                      fmt::format("'{}', the model to start from, has a separate output matrix "
                                  "({}); use gpt.tied_head = false",
                                  path, head_name));
}

}  // namespace

void fill_from_start(const Catalogue& catalogue, const Configuration& configuration, const std::string& path,
                     const Layout& parameters, Vector& parameter_vector, const Layout& buffers,
                     Vector& buffer_vector) {
  Safetensors file = read_model(catalogue, path);
  require_same_network(catalogue, path, file, configuration);
  fit_head(path, file, configuration);
  fill_from_tensors(path, file.tensors, parameters, parameter_vector, buffers, buffer_vector);
}

}  // namespace muster::inline engine

#include "muster/app/keys/key_role.h"

#include <map>
#include <optional>
#include <string_view>

#include "muster/app/keys/catalogue.h"
#include "muster/base/error.h"

namespace muster::inline app {

namespace {

using Roles = std::map<std::string_view, KeyRole>;

// Sections whose keys all have the same role.
const Roles& roles_of_sections() {
  static const Roles roles = {
      {"clusters", KeyRole::data},          {"schedule", KeyRole::training},
      {"learning_rate", KeyRole::training}, {"inner", KeyRole::training},
      {"outer", KeyRole::training},         {"comm", KeyRole::training},
      {"elastic", KeyRole::training},       {"async", KeyRole::training},
      {"serve", KeyRole::training},         {"evaluation", KeyRole::training},
      {"checkpoint", KeyRole::training},
  };
  return roles;
}

// Keys of sections with several roles.
const Roles& roles_of_keys() {
  static const Roles roles = {
      {"run.seed", KeyRole::data},  // generated data are drawn from it, real ones divided
      {"run.precision", KeyRole::network},
      {"run.steps", KeyRole::training},
      {"run.epochs", KeyRole::training},
      {"run.workers", KeyRole::training},
      {"run.threads", KeyRole::training},
      {"run.out", KeyRole::training},
      {"run.resume", KeyRole::training},
      {"run.start_from", KeyRole::training},
      {"run.start_from_optimizer", KeyRole::training},
      {"run.micro_batches", KeyRole::training},
      {"run.loader_threads", KeyRole::training},
      {"run.verify", KeyRole::training},
      {"run.verify_every", KeyRole::training},
      {"run.probe", KeyRole::training},
      {"task.name", KeyRole::data},
      {"task.data", KeyRole::data},
      {"task.test_data", KeyRole::data},
      {"task.model", KeyRole::network},
      {"task.batch", KeyRole::training},
      {"task.norm", KeyRole::network},
      {"task.augment", KeyRole::preprocessing},
      {"task.label_smoothing", KeyRole::preprocessing},
      {"task.label_noise", KeyRole::preprocessing},
      {"task.sampler", KeyRole::training},
      {"task.dirichlet_alpha", KeyRole::training},
      {"task.samples", KeyRole::data},
      {"task.test_samples", KeyRole::data},
      {"task.data_seed", KeyRole::data},
      {"task.classes", KeyRole::data},
      {"task.hidden", KeyRole::network},
      {"image.size", KeyRole::data},
      {"image.activation", KeyRole::network},
      {"image.pooling", KeyRole::network},
      {"image.patch", KeyRole::network},
      {"image.randaugment", KeyRole::preprocessing},
      {"image.randaugment_magnitude", KeyRole::preprocessing},
      {"image.mixup", KeyRole::preprocessing},
      {"image.broken", KeyRole::data},
      {"text.tokenizer", KeyRole::network},
      {"text.token_type", KeyRole::data},
      {"text.vocabulary", KeyRole::network},
      {"text.context", KeyRole::network},
      {"text.test_fraction", KeyRole::data},
      {"text.document_separator", KeyRole::data},
      {"text.markov_order", KeyRole::data},
      {"gpt.layers", KeyRole::network},
      {"gpt.width", KeyRole::network},
      {"gpt.heads", KeyRole::network},
      {"gpt.head_width", KeyRole::network},
      {"gpt.positions", KeyRole::network},
      {"gpt.tied_head", KeyRole::network},
      {"gpt.dropout", KeyRole::training},
  };
  return roles;
}

std::optional<KeyRole> found(const Roles& roles, std::string_view name) {
  const auto at = roles.find(name);
  return at == roles.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

KeyRole role_of(const Key& key) {
  if (const auto role = found(roles_of_sections(), key.section())) return *role;
  if (const auto role = found(roles_of_keys(), key.name)) return *role;
  throw Bug("the key " + key.name +
            " has no role: say in key_role.cpp what it has to do with a trained model");
}

bool may_lack_in_first_format(const Key& key) {
  return key.name == "run.precision" || key.name == "gpt.tied_head" || key.name == "task.data_seed";
}

bool concerns(const Catalogue& catalogue, const Key& key, const std::string& task_name,
              const std::string& model) {
  const TaskKind* const data = task_name.empty() ? nullptr : catalogue.tasks().find(task_name);
  const ModelKind* const network = model.empty() ? nullptr : catalogue.models().find(model);
  const bool text = network && network->inputs == Inputs::text;
  const bool vectors = data && data->inputs == Inputs::vectors;
  const std::string section = key.section();
  if (key.name == "task.data_seed") return data && data->made;
  if (section == "clusters") return vectors;
  if (section == "image") return !text && !vectors;
  if (section == "text") return text || (data && data->is_text());
  return section != "gpt" || text;
}

}  // namespace muster::inline app

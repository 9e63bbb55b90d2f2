#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "muster/app/options/flag_reader.h"
#include "muster/app/options/gpt2_config.h"
#include "muster/app/options/help.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/version.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/checkpoint/model_digest.h"
#include "muster/choice/value.h"
#include "muster/engine/build_text_task.h"
#include "muster/engine/commands.h"
#include "muster/engine/model_file.h"
#include "muster/engine/text_model.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/stored_tensors.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/gpt_layout.h"

namespace muster::inline engine {

namespace {

namespace fs = std::filesystem;

enum class Form { huggingface, hub, muster };

struct ConvertRequest {
  std::string path;
  Form form = Form::huggingface;
  std::string out;
};

constexpr std::array<std::pair<std::string_view, Form>, 3> forms = {
    {{"huggingface", Form::huggingface}, {"hub", Form::hub}, {"muster", Form::muster}}};

Form form_of(const Arguments& arguments) {
  const auto form = FlagReader(arguments).meaning("to", forms);
  if (!form) throw OptionError("--to", "(not given)", "must be huggingface, hub or muster");
  return *form;
}

ConvertRequest read_request(const Arguments& arguments) {
  if (arguments.positional.empty())
    throw OptionError("MODEL", "(none)", "name a model: muster convert MODEL --to huggingface --out FOLDER");
  ConvertRequest request;
  request.path = arguments.positional[0];
  request.form = form_of(arguments);
  request.out = arguments.flag("out").value_or("");
  if (request.out.empty()) throw OptionError("--out", "(not given)", "name the folder to write");
  std::error_code problem;
  const bool empty = fs::is_directory(request.out, problem) && fs::is_empty(request.out, problem);
  if (fs::exists(request.out, problem) && !empty)
    throw OptionError("--out", shown(request.out), "is not an empty folder; name a new one");
  return request;
}

// Refuses shapes that Transformers' GPT-2 cannot compute.
void require_gpt2(const std::string& path, const GptShape& shape) {
  if (shape.positions != GptPositions::learned)
    throw DataError(fmt::format("'{}' has rotary positions, which Transformers' GPT-2 does not have", path));
  if (shape.attention_width() != shape.width)
    throw DataError(
        fmt::format("'{}' has {} heads of width {}, but Transformers' GPT-2 needs heads x width = "
                    "{}, the width of the residual stream",
                    path, shape.heads, shape.width_of_head(), shape.width));
}

Gpt2Config config_of(const GptShape& shape) {
  Gpt2Config config;
  config.vocabulary = shape.vocabulary;
  config.context = shape.context;
  config.width = shape.width;
  config.layers = shape.layers;
  config.heads = shape.heads;
  config.tied_head = shape.tied_head;
  config.dropout = shape.dropout;
  return config;
}

std::map<std::string, std::string> metadata_of(const Catalogue& catalogue, const Safetensors& file,
                                               const GptShape& shape, Form form) {
  std::map<std::string, std::string> metadata = {{"muster", std::string(version())}, {"format", "pt"}};
  for (const char* key : {"configuration", "tokenizer"}) {
    const auto stored = file.metadata.find(key);
    if (stored != file.metadata.end()) metadata.insert(*stored);
  }
  auto told = nlohmann::json::parse(metadata["configuration"], nullptr, false);
  if (!told.is_object() || !told.contains("task") || !told.contains("gpt"))
    told = nlohmann::json::parse(gpt2_configuration(config_of(shape), true));
  // The user may have given the number of heads; a model with a name of its own fixes it.
  const ModelKind* const kind = catalogue.models().find(told["task"].value("model", "gpt"));
  if (kind && kind->built_from_keys) told["gpt"]["heads"] = shape.heads;
  metadata["configuration"] = told.dump();
  metadata["linear_layout"] =
      name_of(form == Form::muster ? LinearLayout::outputs_inputs : LinearLayout::inputs_outputs);
  return with_digest(std::move(metadata));
}

}  // namespace

int run_convert(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, convert_help().flags, 1);
  const ConvertRequest request = read_request(arguments);
  use_single_threaded_kernels();
  const Safetensors file = read_model(catalogue, request.path);
  const std::vector<Setting> settings = with_settings_of_file(catalogue, file, arguments.settings);
  const Configuration configuration = text_model_configuration(catalogue, request.path, settings);
  TextGenerator model = load_generator(catalogue, request.path, file, configuration, nullptr);
  const GptShape shape = gpt_shape(catalogue, configuration, model.vocabulary());
  if (request.form != Form::muster) require_gpt2(request.path, shape);
  NamedTensors tensors = named_tensors(model.parameters(), vector_of(model.weights()), {}, flat_vector(0));
  if (request.form != Form::muster)
    tensors = stored(as_transformers_gpt(tensors_of(tensors), request.form == Form::huggingface));
  std::error_code problem;
  fs::create_directories(request.out, problem);
  if (problem)
    throw FileError(fmt::format("cannot make the folder '{}': {}", request.out, problem.message()));
  const fs::path out(request.out);
  if (request.form != Form::muster)
    write_file_atomically((out / "config.json").string(), gpt2_config_json(config_of(shape)));
  write_safetensors((out / "model.safetensors").string(), tensors,
                    metadata_of(catalogue, file, shape, request.form));
  const fs::path parent = out.parent_path();
  sync_to_disk(parent.empty() ? "." : parent.string());
  fmt::print(
      "{}: {} tensors, linear weights {}\n", (out / "model.safetensors").string(), tensors.size(),
      name_of(request.form == Form::muster ? LinearLayout::outputs_inputs : LinearLayout::inputs_outputs));
  return 0;
}

}  // namespace muster::inline engine

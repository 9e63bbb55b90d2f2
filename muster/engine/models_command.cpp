#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/catalogue.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/help.h"
#include "muster/app/options/terminal_text.h"
#include "muster/base/format.h"
#include "muster/base/output.h"
#include "muster/engine/commands.h"
#include "muster/report/table.h"
#include "muster/task/models/gpt.h"
#include "muster/task/models/image_model.h"

namespace muster::inline engine {

namespace {

struct ListedModel {
  const ModelKind* kind = nullptr;
  int64_t parameters = 0;
  std::optional<GptShape> text;  ///< of the models of text
};

ListedModel list_image_model(const ModelKind& kind) {
  ImageModelOptions options;
  options.network = kind.network.value();
  options.height = options.width = kind.side;
  options.classes = kind.classes;
  return {&kind, parameter_count(options), std::nullopt};
}

ListedModel list_text_model(const ModelKind& kind) {
  const GptShape shape = kind.shape();
  return {&kind, count_parameters(shape).all, shape};
}

std::vector<ListedModel> list_models(const Family<ModelKind>& kinds) {
  std::vector<ListedModel> models;
  for (const ModelKind& kind : kinds.all())
    models.push_back(kind.inputs == Inputs::text ? list_text_model(kind) : list_image_model(kind));
  return models;
}

std::string input_of(const ListedModel& model) {
  if (model.text)
    return fmt::format("{} tokens of {}", model.text->context, format_count(model.text->vocabulary));
  return fmt::format("3x{0}x{0}, {1} classes", model.kind->side, format_count(model.kind->classes));
}

std::string inner_parameters(const ListedModel& model) {
  return model.text ? format_count(count_parameters(*model.text).without_embedding) : "";
}

std::string text_of(const std::vector<ListedModel>& models) {
  Table table(
      {{"model"}, {"parameters", Align::right}, {"without embedding", Align::right}, {"input"}, {"paper"}});
  for (const ListedModel& model : models)
    table.add_row({model.kind->name, format_count(model.parameters), inner_parameters(model), input_of(model),
                   model.kind->paper});
  return fitted(table) +
         "\nThe parameters are those for the input named here; images of other sizes and other numbers of "
         "classes change them.\n";
}

nlohmann::json json_of(const ListedModel& model) {
  nlohmann::json object{{"name", model.kind->name},
                        {"kind", model.text ? "text" : "image"},
                        {"parameters", model.parameters},
                        {"paper", model.kind->paper}};
  if (model.text) {
    object["parameters_without_embedding"] = count_parameters(*model.text).without_embedding;
    object["vocabulary"] = model.text->vocabulary;
    object["context"] = model.text->context;
  } else {
    object["channels"] = 3;
    object["height"] = object["width"] = model.kind->side;
    object["classes"] = model.kind->classes;
  }
  return object;
}

}  // namespace

int run_models(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, models_help().flags, 0);
  const std::vector<ListedModel> models = list_models(catalogue.models());
  if (!arguments.has("json")) {
    print_output("{}", text_of(models));
    return 0;
  }
  nlohmann::json list = nlohmann::json::array();
  for (const ListedModel& model : models) list.push_back(json_of(model));
  write_output(nlohmann::json{{"models", list}}.dump() + "\n");
  return 0;
}

}  // namespace muster::inline engine

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/arguments.h"
#include "muster/app/engine/commands.h"
#include "muster/app/engine/image_networks.h"
#include "muster/app/engine/word_meaning.h"
#include "muster/app/help.h"
#include "muster/app/model_names.h"
#include "muster/app/terminal_text.h"
#include "muster/base/format.h"
#include "muster/base/output.h"
#include "muster/report/table.h"
#include "muster/task/gpt.h"

namespace muster {

namespace {

struct ListedModel {
  ModelCard card;
  int64_t parameters = 0;
  std::optional<GptShape> text;  ///< of the models of text
};

ListedModel list_image_model(const ModelCard& card) {
  ImageModelOptions options;
  options.network = image_network(std::string(card.name));
  options.height = options.width = card.side;
  options.classes = card.classes;
  return {card, parameter_count(options), std::nullopt};
}

ListedModel list_text_model(const ModelCard& card) {
  const GptShape shape = meaning_of<GptShape>(
      {{"gpt", GptShape{}}, {"gpt_20m", gpt_20m()}, {"gpt_60m", gpt_60m()}, {"gpt_150m", gpt_150m()}},
      std::string(card.name));
  return {card, count_parameters(shape).all, shape};
}

std::vector<ListedModel> list_models() {
  std::vector<ListedModel> models;
  for (const ModelCard& card : model_cards())
    models.push_back(is_text_model(std::string(card.name)) ? list_text_model(card) : list_image_model(card));
  return models;
}

std::string input_of(const ListedModel& model) {
  if (model.text)
    return fmt::format("{} tokens of {}", model.text->context, format_count(model.text->vocabulary));
  return fmt::format("3x{0}x{0}, {1} classes", model.card.side, format_count(model.card.classes));
}

std::string inner_parameters(const ListedModel& model) {
  return model.text ? format_count(count_parameters(*model.text).without_embedding) : "";
}

std::string text_of(const std::vector<ListedModel>& models) {
  Table table(
      {{"model"}, {"parameters", Align::right}, {"without embedding", Align::right}, {"input"}, {"paper"}});
  for (const ListedModel& model : models)
    table.add_row({std::string(model.card.name), format_count(model.parameters), inner_parameters(model),
                   input_of(model), std::string(model.card.paper)});
  return fitted(table) +
         "\nThe parameters are those for the input named here; images of other sizes and other numbers of "
         "classes change them.\n";
}

nlohmann::json json_of(const ListedModel& model) {
  nlohmann::json object{{"name", model.card.name},
                        {"kind", model.text ? "text" : "image"},
                        {"parameters", model.parameters},
                        {"paper", model.card.paper}};
  if (model.text) {
    object["parameters_without_embedding"] = count_parameters(*model.text).without_embedding;
    object["vocabulary"] = model.text->vocabulary;
    object["context"] = model.text->context;
  } else {
    object["channels"] = 3;
    object["height"] = object["width"] = model.card.side;
    object["classes"] = model.card.classes;
  }
  return object;
}

}  // namespace

int run_models(const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(words, models_help().flags, 0);
  const std::vector<ListedModel> models = list_models();
  if (!arguments.has("json")) {
    print_output("{}", text_of(models));
    return 0;
  }
  nlohmann::json list = nlohmann::json::array();
  for (const ListedModel& model : models) list.push_back(json_of(model));
  write_output(nlohmann::json{{"models", list}}.dump() + "\n");
  return 0;
}

}  // namespace muster

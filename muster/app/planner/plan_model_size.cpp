#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "muster/app/keys/catalogue.h"
#include "muster/app/planner/plan_basis.h"
#include "muster/app/processes/engine_program.h"
#include "muster/base/error.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

struct Close {
  void operator()(FILE* pipe) const { ::pclose(pipe); }
};

std::string engine_answer() {
  const std::string command = shell_quoted(engine_path()) + " models --json 2>/dev/null";
  const std::unique_ptr<FILE, Close> pipe(::popen(command.c_str(), "r"));
  std::string text;
  char buffer[4096];
  while (pipe && std::fgets(buffer, sizeof buffer, pipe.get())) text += buffer;
  return text;
}

}  // namespace

std::optional<int64_t> model_parameters(const Catalogue& catalogue, const Configuration& configuration) {
  const ModelKind& wanted = catalogue.models().at(configuration.task.model);
  if (wanted.built_from_keys) return std::nullopt;
  try {
    const auto models = nlohmann::json::parse(engine_answer()).at("models");
    for (const auto& model : models)
      if (model.at("name") == wanted.name) return model.at("parameters").get<int64_t>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // an answer of another form
  } catch (const Error&) {
    return std::nullopt;  // there is no engine to ask
  }
  return std::nullopt;
}

}  // namespace muster::inline app

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <string>

#include "muster/app/keys/catalogue.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/help.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/log.h"
#include "muster/base/output.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/comm/solo.h"
#include "muster/engine/build_sampler.h"
#include "muster/engine/build_task.h"
#include "muster/engine/commands.h"
#include "muster/engine/described_model.h"
#include "muster/engine/model_file.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/train/evaluation.h"

namespace muster::inline engine {

namespace {

/// What is predicted, and counted: "test samples", or the next "bytes" or "tokens".
struct Unit {
  const char* one;
  bool text;
};

Unit unit_of(const Catalogue& catalogue, const Configuration& configuration) {
  const TaskKind& task = catalogue.tasks().at(configuration.task.name);
  if (!task.is_text()) return {"sample", false};
  const bool bytes = task.tokenized && configuration.text.tokenizer == "bytes";
  return {bytes ? "byte" : "token", true};
}

struct Measured {
  std::string path;
  Unit unit;
  double accuracy, loss;
  int64_t samples, parameters;
  std::optional<double> floor;
  double bits() const { return loss / std::numbers::ln2; }
};

nlohmann::json json_of(const Measured& measured) {
  nlohmann::json json = {{"model", measured.path},
                         {"test_accuracy", measured.accuracy},
                         {"test_loss", measured.loss},
                         {"samples", measured.samples},
                         {"parameters", measured.parameters}};
  if (measured.unit.text) {
    json["unit"] = measured.unit.one;
    json["bits"] = measured.bits();
  }
  if (measured.floor) json["loss_floor"] = *measured.floor;
  return json;
}

std::string text_of(const Measured& measured) {
  if (!measured.unit.text)
    return fmt::format("{}: {:.2f} % of {} test samples right, loss {:.4f}\n", measured.path,
                       100 * measured.accuracy, format_count(measured.samples), measured.loss);
  std::string text = fmt::format("{}: loss {:.4f} nats per {} ({:.4f} bits), {:.2f} % of {} next {}s right\n",
                                 measured.path, measured.loss, measured.unit.one, measured.bits(),
                                 100 * measured.accuracy, format_count(measured.samples), measured.unit.one);
  if (measured.floor)
    text += fmt::format("The text's entropy is {:.4f} nats: the loss is {:.2f} % {} it\n", *measured.floor,
                        std::abs(100 * (measured.loss / *measured.floor - 1)),
                        measured.loss < *measured.floor ? "below" : "above");
  return text;
}

}  // namespace

int run_evaluate(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, evaluate_help().flags, 1);
  if (arguments.positional.empty())
    throw OptionError("MODEL", "(none)", "name a safetensors file: muster evaluate MODEL.safetensors");
  const std::string& path = arguments.positional[0];
  use_single_threaded_kernels();
  const Safetensors file = read_model(catalogue, path);
  const std::vector<Setting> settings = with_settings_of_file(catalogue, file, arguments.settings);
  require_described(catalogue, path, file, settings, arguments.settings, Described::network_and_data);
  require_same_tokenizer(catalogue, path, file, settings);
  Configuration configuration = resolve(catalogue, std::nullopt, settings, Scope::evaluation);
  configuration.task.batch = 1;  // nothing is trained: the training data may be few
  const auto task = build_task(catalogue, configuration);
  const int64_t workers = 1;
  const auto sampler = build_sampler(catalogue, configuration, *task, workers);
  ThreadPool pool(static_cast<int>(*configuration.run.threads), use_single_threaded_kernels_here);
  Solo alone;
  Averager averager(alone, pool);
  Evaluation evaluation(*task, *sampler, averager,
                        {.batch = configuration.evaluation.batch, .workers = workers});
  Vector parameters = flat_vector(evaluation.parameters().size(), evaluation.type());
  Vector buffers = flat_vector(evaluation.buffers().size(), evaluation.type());
  fill_from_tensors(path, file.tensors, evaluation.parameters(), parameters, evaluation.buffers(), buffers);
  const Score score = evaluation.score(parameters, buffers);
  for (const std::string& line : task->findings()) print_log("{}\n", line);
  const auto samples = static_cast<double>(score.samples);
  const Measured measured{path,
                          unit_of(catalogue, configuration),
                          static_cast<double>(score.correct) / samples,
                          score.loss / samples,
                          score.samples,
                          parameters.size(),
                          task->loss_floor()};
  if (arguments.has("json"))
    write_output(json_of(measured).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  else
    print_output("{}", text_of(measured));
  return 0;
}

}  // namespace muster::inline engine

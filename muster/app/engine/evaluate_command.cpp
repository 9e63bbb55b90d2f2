#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "muster/app/arguments.h"
#include "muster/app/engine/build_task.h"
#include "muster/app/engine/commands.h"
#include "muster/app/help.h"
#include "muster/app/resolve.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/flat/flat_buffer.h"
#include "muster/flat/kernel_threads.h"
#include "muster/train/averaged_model.h"
#include "muster/train/evaluation.h"

namespace muster {

namespace {

/// The keys of [task] that a model's file speaks for: the network always, the data only where the command
/// line names no other.
std::vector<std::string> keys_from_file(const std::vector<Setting>& given) {
  const bool other_data = std::any_of(given.begin(), given.end(),
                                      [](const Setting& setting) { return setting.name == "task.name"; });
  if (other_data) return {"model", "norm", "hidden"};
  return {"model", "norm", "hidden", "name", "data", "classes", "samples", "test_samples"};
}

/// What the file says of the task it was trained on, where the command line says nothing. Files of other
/// programs have no such words.
std::vector<Setting> with_settings_of_file(const Safetensors& file, const std::vector<Setting>& given) {
  std::vector<Setting> settings;
  const auto stored = file.metadata.find("configuration");
  const auto json = stored == file.metadata.end() ? nlohmann::json()
                                                  : nlohmann::json::parse(stored->second, nullptr, false);
  const auto task = json.is_object() ? json.value("task", nlohmann::json()) : nlohmann::json();
  for (const std::string& key : keys_from_file(given)) {
    if (!task.is_object() || !task.contains(key) || task[key].is_null()) continue;
    std::string text = task[key].is_string() ? task[key].get<std::string>() : task[key].dump();
    std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
    settings.push_back({"task." + key, text});
  }
  if (json.is_object() && json.contains("run") && json["run"].contains("seed"))
    settings.push_back({"run.seed", json["run"]["seed"].dump()});
  settings.insert(settings.end(), given.begin(), given.end());
  return settings;
}

}  // namespace

int run_evaluate(const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(words, evaluate_help().flags, 1);
  if (arguments.positional.empty())
    throw OptionError("MODEL", "(none)", "name a safetensors file: muster evaluate MODEL.safetensors");
  const std::string& path = arguments.positional[0];
  use_single_threaded_kernels();
  const Safetensors file = read_safetensors(path);
  const Configuration configuration =
      resolve(std::nullopt, with_settings_of_file(file, arguments.settings), Scope::evaluation);
  const auto task = build_task(configuration);
  const int64_t workers = 1;
  const auto sampler = build_sampler(configuration.task, task->train_size(), workers,
                                     static_cast<uint64_t>(configuration.run.seed));
  ThreadPool pool(static_cast<int>(*configuration.run.threads), use_single_threaded_kernels_here);
  Evaluation evaluation(*task, *sampler, pool, {.batch = configuration.evaluation.batch, .workers = workers});
  at::Tensor parameters = flat_vector(evaluation.parameters().size(), evaluation.type());
  at::Tensor buffers = flat_vector(evaluation.buffers().size(), evaluation.type());
  fill_from_tensors(path, file.tensors, evaluation.parameters(), parameters, evaluation.buffers(), buffers);
  const Score score = evaluation.score(parameters, buffers);
  const auto samples = static_cast<double>(score.samples);
  const double accuracy = static_cast<double>(score.correct) / samples, loss = score.loss / samples;
  if (arguments.has("json"))
    fmt::print("{}\n", nlohmann::json{{"model", path},
                                      {"test_accuracy", accuracy},
                                      {"test_loss", loss},
                                      {"samples", score.samples},
                                      {"parameters", parameters.numel()}}
                           .dump());
  else
    fmt::print("{}: {:.2f} % of {} test samples right, loss {:.4f}\n", path, 100 * accuracy,
               format_count(score.samples), loss);
  return 0;
}

}  // namespace muster

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/options/arguments.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/help.h"
#include "muster/app/options/probe_text.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/terminal_text.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/output.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/comm/solo.h"
#include "muster/engine/build_sampler.h"
#include "muster/engine/build_task.h"
#include "muster/engine/commands.h"
#include "muster/engine/described_model.h"
#include "muster/engine/model_file.h"
#include "muster/engine/model_source.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/probe/look.h"
#include "muster/report/table.h"
#include "muster/train/evaluation.h"

namespace muster::inline engine {

namespace {

using nlohmann::json;

struct LinePoint {
  double place = 0;  // 0: the model, 1: the other
  double train_loss = 0, test_loss = 0, test_accuracy = 0;
};

int64_t points_of(const Arguments& arguments) {
  return FlagReader(arguments).integer("points", 2, 1000).value_or(11);
}

/// A trained model, its data and the probes that measure it.
class ProbedModel {
 public:
  ProbedModel(const Catalogue& catalogue, const Arguments& arguments, const std::string& path)
      : catalogue_(catalogue),
        path_(path),
        file_(read_model(catalogue, path)),
        configuration_(resolved(catalogue, arguments)) {
    task_ = build_task(catalogue, configuration_);
    sampler_ = build_sampler(catalogue, configuration_, *task_, 1);
    pool_.emplace(static_cast<int>(*configuration_.run.threads), use_single_threaded_kernels_here);
    averager_.emplace(alone_, *pool_);
    evaluation_.emplace(*task_, *sampler_, *averager_,
                        EvaluationOptions{.batch = configuration_.evaluation.batch, .workers = 1});
    parameters_ = model_vector(path_, file_);
  }

  ProbeValues values() {
    ProbeValues found;
    for (const ProbeRequest& request : requests()) {
      if (request.kind == ProbeKind::workers)
        throw OptionError("run.probe", "workers",
                          "a model has no workers; probe them in training: muster "
                          "train ... --probe workers");
      ProbedLoss loss = probed(request);
      loss.set_parameters(tensor_of(parameters_));
      if (request.kind == ProbeKind::distance)
        found.merge(distance_from(loss.initial_parameters(), tensor_of(parameters_)));
      else
        found.merge(look(loss, request, seed()));
    }
    return found;
  }

  /// Losses at (1 - t) this model + t the other, BatchNorm's statistics estimated anew at every point.
  std::vector<LinePoint> line_to(const std::string& other, int64_t points) {
    const at::Tensor end = tensor_of(model_vector(other, read_model(catalogue_, other)));
    ProbedLoss loss = probed(ProbeRequest{});
    const Vector between = storage_vector(parameters_.size(), evaluation_->type());
    const at::Tensor here = tensor_of(between), begin = tensor_of(parameters_);
    Vector buffers = flat_vector(evaluation_->buffers().size(), evaluation_->type());
    std::vector<LinePoint> line;
    for (int64_t i = 0; i < points; ++i) {
      LinePoint point{.place = static_cast<double>(i) / static_cast<double>(points - 1)};
      here.copy_(begin).mul_(1 - point.place).add_(end, point.place);
      evaluation_->estimate_statistics(between, buffers);
      const Score score = evaluation_->score(between, buffers);
      point.test_loss = score.loss / static_cast<double>(score.samples);
      point.test_accuracy = static_cast<double>(score.correct) / static_cast<double>(score.samples);
      loss.set_parameters(here);
      for (int64_t batch = 0; batch < loss.batches(); ++batch)
        point.train_loss += loss.loss_and_gradient(batch) / static_cast<double>(loss.batches());
      line.push_back(point);
    }
    return line;
  }

  int64_t parameters() const { return parameters_.size(); }

 private:
  Configuration resolved(const Catalogue& catalogue, const Arguments& arguments) const {
    const std::vector<Setting> settings = with_settings_of_file(catalogue, file_, arguments.settings);
    require_described(catalogue, path_, file_, settings, arguments.settings, Described::network_and_data);
    require_same_tokenizer(catalogue, path_, file_, settings);
    return resolve(catalogue, std::nullopt, settings, Scope::evaluation);
  }
  std::vector<ProbeRequest> requests() const {
    return parse_probes(configuration_.run.probe.value_or("sharpness;noise;distance"), "run.probe");
  }
  uint64_t seed() const { return static_cast<uint64_t>(configuration_.run.seed); }
  ProbedLoss probed(const ProbeRequest& request) const {
    const int64_t samples = std::min(request.samples, task_->train_size());
    return {*task_, samples, std::min(configuration_.task.batch, samples / 2), seed()};
  }
  Vector model_vector(const std::string& path, const Safetensors& file) {
    Vector parameters = flat_vector(evaluation_->parameters().size(), evaluation_->type());
    Vector buffers = flat_vector(evaluation_->buffers().size(), evaluation_->type());
    fill_from_tensors(path, file.tensors, evaluation_->parameters(), parameters, evaluation_->buffers(),
                      buffers);
    return parameters;
  }

  const Catalogue& catalogue_;
  std::string path_;
  Safetensors file_;
  Configuration configuration_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<Sampler> sampler_;
  std::optional<ThreadPool> pool_;
  Solo alone_;
  std::optional<Averager> averager_;
  std::optional<Evaluation> evaluation_;
  Vector parameters_;
};

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

void print_json(const std::string& path, int64_t parameters, const ProbeValues& values,
                const std::vector<LinePoint>& line) {
  json told = {{"model", path}, {"parameters", parameters}, {"probe", json::object()}};
  for (const auto& [name, value] : values) told["probe"][name] = number(value);
  for (const LinePoint& point : line)
    told["line"].push_back({{"place", point.place},
                            {"train_loss", number(point.train_loss)},
                            {"test_loss", number(point.test_loss)},
                            {"test_accuracy", number(point.test_accuracy)}});
  write_output(told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void print_tables(const ProbeValues& values, const std::vector<LinePoint>& line) {
  Table found({{"probe"}, {"", Align::right}});
  for (const auto& [name, value] : values) found.add_row({name, fmt::format("{:.6g}", value)});
  print_output("{}", fitted(found));
  if (line.empty()) return;
  Table along({{"place", Align::right},
               {"training loss", Align::right},
               {"test loss", Align::right},
               {"test accuracy", Align::right}});
  for (const LinePoint& point : line)
    along.add_row({fmt::format("{:.2f}", point.place), fmt::format("{:.4f}", point.train_loss),
                   fmt::format("{:.4f}", point.test_loss),
                   fmt::format("{:.2f} %", 100 * point.test_accuracy)});
  print_output("{}", fitted(along));
}

}  // namespace

int run_probe(const Catalogue& catalogue, const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(catalogue, words, probe_help().flags, 1);
  if (arguments.positional.empty())
    throw OptionError("MODEL", "(none)",
                      "name a safetensors file, or a checkpoint's folder: muster probe MODEL");
  const int64_t points = points_of(arguments);
  use_single_threaded_kernels();
  const std::string path = model_file_of(arguments.positional[0]);
  ProbedModel model(catalogue, arguments, path);
  const ProbeValues values = model.values();
  std::vector<LinePoint> line;
  if (const auto other = arguments.flag("line")) line = model.line_to(model_file_of(*other), points);
  if (arguments.has("json"))
    print_json(path, model.parameters(), values, line);
  else
    print_tables(values, line);
  return 0;
}

}  // namespace muster::inline engine

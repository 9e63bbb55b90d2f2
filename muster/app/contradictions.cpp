#include "muster/app/contradictions.h"

#include <fmt/format.h>

#include "muster/app/codec_choice.h"
#include "muster/app/model_names.h"
#include "muster/app/overlap_contradictions.h"
#include "muster/app/probe_text.h"
#include "muster/app/text_contradictions.h"
#include "muster/app/unused_option.h"
#include "muster/app/value.h"
#include "muster/base/error.h"

namespace muster {

namespace {

// REQUIRES of one key, told as an OptionError.
void require(bool holds, std::string_view key, const Value& value, std::string_view remedy) {
  if (holds) return;
  const std::string text = format_plain(value);
  throw OptionError(key, text.empty() ? "(not given)" : shown(text), remedy);
}

template <class T>
Value as_value(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

void check_rule(const ScheduleSection& schedule) {
  const bool switches = schedule.rule == "post_local" || schedule.rule == "swap";
  require(!switches || schedule.switch_step, "schedule.switch_step", Value(),
          fmt::format("rule {} needs it: the step at which its second phase begins", schedule.rule));
  require(schedule.rule != "piecewise" || schedule.pieces, "schedule.pieces", Value(),
          "rule piecewise needs them, as 0:4,1000:16 or as the path of a CSV file");
  require(schedule.band.size() == 2 && schedule.band[0] < schedule.band[1], "schedule.band", schedule.band,
          "must be two numbers, the lower first, such as 0.7,1.3");
  const bool limited = schedule.rule == "adaptive" || schedule.rule == "loss";
  require(!limited || !schedule.max_period || *schedule.max_period >= schedule.base_period,
          "schedule.max_period", as_value(schedule.max_period),
          fmt::format("must be at least schedule.base_period = {}", schedule.base_period));
  require(!schedule.interval || !schedule.interval_seconds, "schedule.interval_seconds",
          as_value(schedule.interval_seconds),
          "and schedule.interval both set how long a period holds; leave one out");
}

void check_learning_rate(const LearningRateSection& rate) {
  require(rate.final <= rate.peak, "learning_rate.final", rate.final,
          fmt::format("must be at most learning_rate.peak = {}", rate.peak));
  require(rate.shape != "step" || !rate.milestones.empty(), "learning_rate.milestones", Value(),
          "shape step needs the steps at which the learning rate falls, such as 1000,1500");
  require_used(rate.shape == "step" || rate.milestones.empty(), "learning_rate.milestones", rate.milestones,
               "belong to learning_rate.shape = step only; use shape step, or leave them out");
  for (size_t i = 1; i < rate.milestones.size(); ++i)
    require(rate.milestones[i - 1] < rate.milestones[i], "learning_rate.milestones", rate.milestones,
            "must rise from one to the next");
  require(!rate.hold_from || *rate.hold_from >= rate.warmup_steps, "learning_rate.hold_from",
          as_value(rate.hold_from),
          fmt::format("must not be before the end of warm-up at step {}", rate.warmup_steps));
  require_used(!rate.hold_from || rate.shape != "constant", "learning_rate.hold_from",
               as_value(rate.hold_from), "changes nothing with learning_rate.shape = constant; leave it out");
}

void check_inner(const InnerSection& inner) {
  if (inner.optimizer != "sgd" || !inner.nesterov) return;
  require(inner.momentum > 0, "inner.nesterov", true, "needs inner.momentum above 0");
  require(inner.dampening == 0, "inner.nesterov", true, "needs inner.dampening = 0");
}

void check_outer(const OuterSection& outer, const std::string& rule) {
  if (outer.optimizer == "average") {
    require_used(!outer.momentum, "outer.momentum", as_value(outer.momentum),
                 "is not used by outer.optimizer = average; use slowmo or nesterov, or leave it out");
    require_used(!outer.learning_rate, "outer.learning_rate", as_value(outer.learning_rate),
                 "is not used by outer.optimizer = average; use slowmo or nesterov, or leave it out");
    return;
  }
  require_used(
      rule != "every_step", "outer.optimizer", outer.optimizer,
      "has no use under schedule.rule = every_step, which averages gradients; use rule constant with "
      "base_period 1");
}

void check_levels(const CommSection& comm, const ScheduleSection& schedule) {
  require_used(comm.inner_period == 1 || comm.group_size > 1, "comm.inner_period", comm.inner_period,
               "has no use without groups; use comm.group_size, the number of workers on a machine");
  if (comm.group_size == 1) return;
  require_used(
      schedule.rule != "every_step", "comm.group_size", comm.group_size,
      "changes nothing under schedule.rule = every_step, where all workers average their gradients; leave "
      "it out, or use a rule with rounds of several steps, such as qsr");
  require(schedule.rule != "constant" || comm.inner_period == 1 || comm.inner_period < schedule.base_period,
          "comm.inner_period", comm.inner_period,
          fmt::format("is never reached in rounds of {} steps; use less than schedule.base_period",
                      schedule.base_period));
}

void check_data(const TaskSection& task) {
  const bool generated = is_made_task(task.name);
  const char* what = task.name == "cifar10"  ? "the folder of its binary files"
                     : task.name == "folder" ? "the folder that holds train/ and val/"
                                             : "its file";
  require(generated || task.data, "task.data", Value(), fmt::format("{} needs {} here", task.name, what));
  require_used(!generated || !task.data, "task.data", as_value(task.data),
               fmt::format("is not read by task.name = {}; use task.name {}", task.name,
                           task.name == "markov" ? "text" : "cifar10 or folder"));
  require_used(
      generated || !task.data_seed, "task.data_seed", as_value(task.data_seed),
      fmt::format("has no use with task.name = {}, whose data come from files; leave it out", task.name));
  require_used(!task.test_data || (!generated && task.name != "cifar10"), "task.test_data",
               as_value(task.test_data),
               fmt::format("is not read by task.name = {}; leave it out", task.name));
}

void check_sampler(const TaskSection& task, bool text) {
  const bool by_class = task.sampler == "by_class" || task.sampler == "dirichlet";
  require(!text || !by_class, "task.sampler", task.sampler,
          "needs classes, which text does not have; use by_document or shard");
  require(text || task.sampler != "by_document", "task.sampler", task.sampler,
          "needs documents, which images do not have; use by_class or dirichlet");
}

void check_clusters(const Configuration& configuration) {
  const TaskSection& task = configuration.task;
  const bool clusters = task.name == "clusters";
  require(!clusters || *task.model == "mlp", "task.model", *task.model,
          "is a network for images; task.name = clusters needs the mlp");
  const ClustersSection usual;
  const ClustersSection& given = configuration.clusters;
  const std::string unused = fmt::format("is not used by task.name = {}; leave it out", task.name);
  require_used(clusters || given.dimension == usual.dimension, "clusters.dimension", given.dimension, unused);
  require_used(clusters || given.per_class == usual.per_class, "clusters.per_class", given.per_class, unused);
  require_used(clusters || given.noise == usual.noise, "clusters.noise", given.noise, unused);
}

void check_image(const ImageSection& image, const std::string& task, bool text) {
  require_used(
      !image.size || task == "folder", "image.size", as_value(image.size),
      fmt::format("is not used by task.name = {}, whose samples keep their size; leave it out", task));
  const std::string for_images =
      fmt::format("is for images, which task.name = {} has none of; leave it out", task);
  require_used(!text || image.randaugment == 0, "image.randaugment", image.randaugment, for_images);
  require_used(!text || image.mixup == 0, "image.mixup", image.mixup, for_images);
}

}  // namespace

void check_length_is_single(const Configuration& configuration) {
  const RunSection& run = configuration.run;
  require(!run.steps || !run.epochs, "run.epochs", as_value(run.epochs),
          fmt::format("contradicts run.steps = {}; give one of them", run.steps.value_or(0)));
}

namespace {

// Where meetings overlap with steps, the workers never stand before one.
void check_probes(const Configuration& configuration) {
  if (!configuration.run.probe || configuration.comm.overlap == "none") return;
  for (const ProbeRequest& request : parse_probes(*configuration.run.probe, "run.probe"))
    require(request.kind != ProbeKind::workers, "run.probe", *configuration.run.probe,
            "the workers cannot be probed where meetings overlap with steps; leave workers out, or use "
            "comm.overlap none");
}

}  // namespace

void check_run(const RunSection& run) {
  require(!run.resume || run.out, "run.resume", true, "needs run.out, the folder of the run to resume");
  require(!run.start_from_optimizer || run.start_from, "run.start_from_optimizer", true,
          "needs run.start_from, the file to start from");
  if (run.probe) parse_probes(*run.probe, "run.probe");
}

void check_task(const Configuration& configuration) {
  const TaskSection& task = configuration.task;
  const bool text = is_text_task(task.name);
  check_data(task);
  require(is_text_model(*task.model) == text, "task.model", *task.model,
          text ? fmt::format("is a network for images; task.name = {} needs a gpt", task.name)
               : fmt::format("is a network for text; task.name = {} needs one for images", task.name));
  check_sampler(task, text);
  check_clusters(configuration);
  check_image(configuration.image, task.name, text || task.name == "clusters");
  require_used(task.label_noise == 0 || !(text || task.name == "clusters"), "task.label_noise",
               task.label_noise,
               fmt::format("is for images, which task.name = {} has none of; leave it out", task.name));
  require_used(
      !text || task.classes == TaskSection().classes, "task.classes", task.classes,
      fmt::format("has no use for task.name = {}, whose samples have no classes; leave it out", task.name));
  if (text) check_text(configuration);
}

void check_method(const Configuration& configuration) {
  check_rule(configuration.schedule);
  check_learning_rate(configuration.learning_rate);
  check_inner(configuration.inner);
  check_outer(configuration.outer, configuration.schedule.rule);
  codec_choice(configuration.comm);
  check_levels(configuration.comm, configuration.schedule);
  check_overlap(configuration);
  check_probes(configuration);
}

void check_against_length(const Configuration& configuration, int64_t total_steps) {
  const ScheduleSection& schedule = configuration.schedule;
  const LearningRateSection& rate = configuration.learning_rate;
  const std::string run_has = fmt::format("the run has {} steps", total_steps);
  const bool may_switch =
      schedule.rule == "post_local" || schedule.rule == "swap" || schedule.rule == "adaptive";
  if (may_switch && schedule.switch_step)
    require(*schedule.switch_step < total_steps, "schedule.switch_step", *schedule.switch_step,
            fmt::format("{}; use a smaller number", run_has));
  require(rate.warmup_steps <= total_steps, "learning_rate.warmup_steps", rate.warmup_steps,
          fmt::format("{}; use at most that", run_has));
  if (rate.shape == "step")
    require(rate.milestones.back() < total_steps, "learning_rate.milestones", rate.milestones,
            fmt::format("{}; the last milestone must be before its end", run_has));
  require(!rate.hold_from || *rate.hold_from < total_steps, "learning_rate.hold_from",
          as_value(rate.hold_from), fmt::format("{}; use a smaller number", run_has));
}

}  // namespace muster

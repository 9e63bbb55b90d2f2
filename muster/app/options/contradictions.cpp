#include "muster/app/options/contradictions.h"

#include <fmt/format.h>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/codec_choice.h"
#include "muster/app/options/overlap_contradictions.h"
#include "muster/app/options/probe_text.h"
#include "muster/app/options/text_contradictions.h"
#include "muster/base/error.h"
#include "muster/choice/unused_option.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

// Throws OptionError for the key unless `holds`.
void require(bool holds, std::string_view key, const Value& value, std::string_view remedy) {
  if (holds) return;
  const std::string text = format_plain(value);
  throw OptionError(key, text.empty() ? "(not given)" : shown(text), remedy);
}

template <class T>
Value as_value(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

void check_rule(const RuleKind& rule, const Family<RuleKind>& rules, const Values& values) {
  rule.check_needs("schedule", "rule", values);
  for (const RuleKind& any : rules.all())
    if (any.contradictions_of_any_rule) any.contradictions_of_any_rule(values);
  if (rule.contradictions) rule.contradictions(values);
}

void check_learning_rate(const LearningRateSection& rate, const RateKind& kind) {
  require(rate.final <= rate.peak, "learning_rate.final", rate.final,
          fmt::format("must be at most learning_rate.peak = {}", rate.peak));
  require(
      !kind.drops_at_milestones || !rate.milestones.empty(), "learning_rate.milestones", Value(),
      fmt::format("shape {} needs the steps at which the learning rate falls, such as 1000,1500", kind.name));
  require_used(kind.drops_at_milestones || rate.milestones.empty(), "learning_rate.milestones",
               rate.milestones,
               "belong to learning_rate.shape = step only; use shape step, or leave them out");
  for (size_t i = 1; i < rate.milestones.size(); ++i)
    require(rate.milestones[i - 1] < rate.milestones[i], "learning_rate.milestones", rate.milestones,
            "must rise from one to the next");
  require(!rate.hold_from || *rate.hold_from >= rate.warmup_steps, "learning_rate.hold_from",
          as_value(rate.hold_from),
          fmt::format("must not be before the end of warm-up at step {}", rate.warmup_steps));
  require_used(!rate.hold_from || !kind.is_constant(), "learning_rate.hold_from", as_value(rate.hold_from),
               fmt::format("changes nothing with learning_rate.shape = {}; leave it out", kind.name));
}

void check_outer(const Family<OuterKind>& optimizers, const OuterSection& outer, const RuleKind& rule) {
  const OuterKind& kind = optimizers.at(outer.optimizer);
  optimizers.check_used(kind, outer.values);
  if (kind.plain_mean) return;
  require_used(rule.gradients != GradientMeetings::always, "outer.optimizer", kind.name,
               fmt::format("has no use under schedule.rule = {}, which averages gradients; use rule constant "
                           "with base_period 1",
                           rule.name));
  kind.check(outer.values);
}

void check_levels(const CommSection& comm, const RuleKind& rule, const Values& values) {
  require_used(comm.inner_period == 1 || comm.group_size > 1, "comm.inner_period", comm.inner_period,
               "has no use without groups; use comm.group_size, the number of workers on a machine");
  if (comm.group_size == 1) return;
  require_used(rule.gradients != GradientMeetings::always, "comm.group_size", comm.group_size,
               fmt::format("changes nothing under schedule.rule = {}, where all workers average their "
                           "gradients; leave it out, or use a rule with rounds of several steps, such as qsr",
                           rule.name));
  if (!rule.one_period || comm.inner_period == 1) return;
  const int64_t period = rule.base_period(values);
  require(comm.inner_period < period, "comm.inner_period", comm.inner_period,
          fmt::format("is never reached in rounds of {} steps; use less than schedule.base_period", period));
}

void check_data(const TaskSection& task, const TaskKind& kind) {
  require(kind.made || task.data, "task.data", Value(),
          fmt::format("{} needs {} here", kind.name, kind.data));
  require_used(!kind.made || !task.data, "task.data", as_value(task.data),
               fmt::format("is not read by task.name = {}; use task.name {}", kind.name, kind.instead));
  require_used(
      kind.made || !task.data_seed, "task.data_seed", as_value(task.data_seed),
      fmt::format("has no use with task.name = {}, whose data come from files; leave it out", kind.name));
  require_used(!task.test_data || (!kind.made && kind.test_data), "task.test_data", as_value(task.test_data),
               fmt::format("is not read by task.name = {}; leave it out", kind.name));
}

void check_sampler(const Family<SamplerKind>& samplers, const TaskSection& task, bool text) {
  const SamplerKind& sampler = samplers.at(task.sampler);
  require(!text || !sampler.needs_classes, "task.sampler", sampler.name,
          "needs classes, which text does not have; use by_document or shard");
  require(text || !sampler.needs_documents, "task.sampler", sampler.name,
          "needs documents, which images do not have; use by_class or dirichlet");
}

void check_model(const Family<ModelKind>& models, const TaskSection& task, const TaskKind& kind) {
  const ModelKind& model = models.at(task.model);
  require((model.inputs == Inputs::text) == kind.is_text(), "task.model", model.name,
          kind.is_text()
              ? fmt::format("is a network for images; task.name = {} needs a gpt", kind.name)
              : fmt::format("is a network for text; task.name = {} needs one for images", kind.name));
  require(kind.inputs != Inputs::vectors || model.takes_vectors, "task.model", model.name,
          fmt::format("is a network for images; task.name = {} needs the mlp", kind.name));
}

void check_clusters(const ClustersSection& given, const TaskKind& kind) {
  const ClustersSection usual;
  const bool vectors = kind.inputs == Inputs::vectors;
  const std::string unused = fmt::format("is not used by task.name = {}; leave it out", kind.name);
  require_used(vectors || given.dimension == usual.dimension, "clusters.dimension", given.dimension, unused);
  require_used(vectors || given.per_class == usual.per_class, "clusters.per_class", given.per_class, unused);
  require_used(vectors || given.noise == usual.noise, "clusters.noise", given.noise, unused);
}

void check_image(const Configuration& configuration, const TaskKind& kind) {
  const ImageSection& image = configuration.image;
  require_used(
      !image.size || kind.decoded_when_wanted, "image.size", as_value(image.size),
      fmt::format("is not used by task.name = {}, whose samples keep their size; leave it out", kind.name));
  const bool images = kind.inputs == Inputs::images;
  const std::string for_images =
      fmt::format("applies to images; task.name = {} has none; leave it out", kind.name);
  const double noise = configuration.task.label_noise;
  require_used(images || image.randaugment == 0, "image.randaugment", image.randaugment, for_images);
  require_used(images || image.mixup == 0, "image.mixup", image.mixup, for_images);
  require_used(images || noise == 0, "task.label_noise", noise, for_images);
}

}  // namespace

void check_length_is_single(const Configuration& configuration) {
  const RunSection& run = configuration.run;
  require(!run.steps || !run.epochs, "run.epochs", as_value(run.epochs),
          fmt::format("contradicts run.steps = {}; give one of them", run.steps.value_or(0)));
}

namespace {

// With overlap the workers never pause before a meeting, so they cannot be probed there.
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

void check_task(const Catalogue& catalogue, const Configuration& configuration) {
  const TaskSection& task = configuration.task;
  const TaskKind& kind = catalogue.tasks().at(task.name);
  check_data(task, kind);
  check_model(catalogue.models(), task, kind);
  check_sampler(catalogue.samplers(), task, kind.is_text());
  check_clusters(configuration.clusters, kind);
  check_image(configuration, kind);
  require_used(
      !kind.is_text() || task.classes == TaskSection().classes, "task.classes", task.classes,
      fmt::format("has no use for task.name = {}, whose samples have no classes; leave it out", kind.name));
  if (kind.is_text()) check_text(configuration, kind, catalogue.models().at(task.model));
}

void check_method(const Catalogue& catalogue, const Configuration& configuration) {
  const Values& values = configuration.schedule.values;
  const RuleKind& rule = catalogue.rules().at(configuration.schedule.rule);
  check_rule(rule, catalogue.rules(), values);
  check_learning_rate(configuration.learning_rate, catalogue.rates().at(configuration.learning_rate.shape));
  catalogue.inner_optimizers().at(configuration.inner.optimizer).check(configuration.inner.values);
  check_outer(catalogue.outer_optimizers(), configuration.outer, rule);
  codec_choice(catalogue, configuration.comm);
  check_levels(configuration.comm, rule, values);
  check_overlap(configuration, rule, catalogue.merges());
  check_probes(configuration);
}

void check_against_length(const Catalogue& catalogue, const Configuration& configuration,
                          int64_t total_steps) {
  const RuleKind& rule = catalogue.rules().at(configuration.schedule.rule);
  const LearningRateSection& rate = configuration.learning_rate;
  const std::string run_has = fmt::format("the run has {} steps", total_steps);
  for (const FieldUse& use : rule.uses)
    if (const Value* step =
            use.field.within_run ? configuration.schedule.values.find(use.field.name) : nullptr)
      require(std::get<int64_t>(*step) < total_steps, "schedule." + use.field.name, *step,
              fmt::format("{}; use a smaller number", run_has));
  require(rate.warmup_steps <= total_steps, "learning_rate.warmup_steps", rate.warmup_steps,
          fmt::format("{}; use at most that", run_has));
  if (catalogue.rates().at(rate.shape).drops_at_milestones)
    require(rate.milestones.back() < total_steps, "learning_rate.milestones", rate.milestones,
            fmt::format("{}; the last milestone must be before its end", run_has));
  require(!rate.hold_from || *rate.hold_from < total_steps, "learning_rate.hold_from",
          as_value(rate.hold_from), fmt::format("{}; use a smaller number", run_has));
}

}  // namespace muster::inline app

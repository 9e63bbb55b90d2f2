#include "muster/engine/signature_case.h"

#include <initializer_list>

#include "muster/app/options/resolve.h"
#include "muster/app/options/resolve_async.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline engine {

namespace {

using Cases = std::vector<SignatureCase>;

Cases rules_and_optimizers() {
  return {{"every_step", {{"schedule.rule", "every_step"}}},
          {"constant", {{"schedule.rule", "constant"}}},
          {"post_local", {{"schedule.rule", "post_local"}, {"schedule.switch_step", "30"}}},
          {"qsr", {{"schedule.rule", "qsr"}}},
          {"power", {{"schedule.rule", "power"}, {"schedule.exponent", "3"}}},
          {"adaptive", {{"schedule.rule", "adaptive"}, {"schedule.base_period", "2"}}},
          {"loss", {{"schedule.rule", "loss"}, {"schedule.max_period", "12"}}},
          {"piecewise", {{"schedule.rule", "piecewise"}, {"schedule.pieces", "0:2,24:7"}}},
          {"swap", {{"schedule.rule", "swap"}, {"schedule.switch_step", "60"}}},
          {"theory", {{"schedule.rule", "theory"}, {"schedule.theory", "growing"}}},
          {"adamw_every_step", {{"schedule.rule", "every_step"}, {"inner.optimizer", "adamw"}}},
          {"adamw_keep", {{"inner.optimizer", "adamw"}}},
          {"adamw_average", {{"inner.optimizer", "adamw"}, {"inner.at_meeting", "average"}}},
          {"adamw_reset", {{"inner.optimizer", "adamw"}, {"inner.at_meeting", "reset"}}},
          {"nesterov_inner", {{"inner.nesterov", "true"}, {"inner.at_meeting", "average"}}},
          {"clip", {{"inner.clip", "0.05"}}},
          {"slowmo", {{"outer.optimizer", "slowmo"}}},
          {"nesterov_outer", {{"outer.optimizer", "nesterov"}}}};
}

Cases of_float32() {
  return {
      {"float32_every_step",
       {{"schedule.rule", "every_step"}},
       SignaturePlace::one_process,
       ElementType::float32},
      {"float32_qsr", {{"schedule.rule", "qsr"}}, SignaturePlace::one_process, ElementType::float32},
      {"float32_adamw", {{"inner.optimizer", "adamw"}}, SignaturePlace::one_process, ElementType::float32},
      {"float32_slowmo", {{"outer.optimizer", "slowmo"}}, SignaturePlace::one_process, ElementType::float32},
      {"float32_nesterov", {{"outer.optimizer", "nesterov"}}, SignaturePlace::threads, ElementType::float32}};
}

// Every codec with error feedback, in one process, between ranks and over links.
Cases of_codecs() {
  const std::vector<Setting> base = {{"comm.error_feedback", "true"}};
  const auto coded = [&](std::initializer_list<Setting> more) {
    std::vector<Setting> settings = base;
    settings.insert(settings.end(), more);
    return settings;
  };
  const auto small = coded({{"comm.codec", "qsgd4"}, {"comm.bucket", "64"}, {"comm.rounding", "nearest"}});
  return {{"fp16", coded({{"comm.codec", "fp16"}}), SignaturePlace::one_process, ElementType::float32},
          {"bf16", coded({{"comm.codec", "bf16"}}), SignaturePlace::threads, ElementType::float32},
          {"qsgd8", coded({{"comm.codec", "qsgd8"}, {"comm.bucket", "64"}}), SignaturePlace::threads,
           ElementType::float32},
          {"qsgd4", small, SignaturePlace::one_process, ElementType::float32},
          {"qsgd4_ranks", small, SignaturePlace::threads, ElementType::float32},
          {"qsgd2", coded({{"comm.codec", "qsgd2"}, {"comm.bucket", "64"}, {"comm.rounding", "nearest"}}),
           SignaturePlace::links, ElementType::float32},
          {"int8", coded({{"comm.codec", "int8"}, {"comm.bucket", "64"}}), SignaturePlace::threads,
           ElementType::float32},
          {"top_k", coded({{"comm.codec", "top_k"}, {"comm.top_fraction", "0.1"}}), SignaturePlace::threads,
           ElementType::float32},
          {"int8_double", coded({{"comm.codec", "int8"}, {"outer.optimizer", "nesterov"}}),
           SignaturePlace::one_process},
          {"qsgd8_gradients",
           {{"schedule.rule", "every_step"}, {"comm.codec", "qsgd8"}},
           SignaturePlace::threads,
           ElementType::float32},
          {"adaptive_int8",
           coded({{"schedule.rule", "adaptive"}, {"schedule.base_period", "2"}, {"comm.codec", "int8"}}),
           SignaturePlace::threads, ElementType::float32}};
}

Cases of_meetings() {
  const Setting groups{"comm.group_size", "2"}, four{"run.workers", "4"}, delayed{"comm.overlap", "delayed"};
  return {{"delayed", {delayed}},
          {"delayed_two_steps", {delayed, {"comm.delay", "2"}, {"comm.merge", "corrected"}}},
          {"fragments", {{"comm.fragments", "3"}}},
          {"fragments_delayed",
           {delayed, {"comm.fragments", "2"}, {"outer.optimizer", "nesterov"}},
           SignaturePlace::threads},
          {"fragments_delayed_int8",
           {delayed, {"comm.fragments", "2"}, {"comm.codec", "int8"}, {"comm.bucket", "64"}},
           SignaturePlace::threads,
           ElementType::float32},
          {"groups_of_gradients", {four, groups}},
          {"groups_of_parameters", {four, groups, {"comm.inner_period", "3"}}},
          {"two_levels", {four, groups, {"comm.inner_period", "2"}}, SignaturePlace::blocks},
          {"two_levels_gradients", {four, groups}, SignaturePlace::blocks},
          {"links_every_step", {{"schedule.rule", "every_step"}}, SignaturePlace::links},
          {"links_adaptive",
           {{"schedule.rule", "adaptive"}, {"schedule.base_period", "2"}},
           SignaturePlace::links},
          {"links_int8_slowmo",
           {{"comm.codec", "int8"}, {"comm.bucket", "64"}, {"outer.optimizer", "slowmo"}},
           SignaturePlace::links,
           ElementType::float32}};
}

Cases of_own_loops() {
  return {{"local_updates", {{"schedule.rule", "constant"}}, SignaturePlace::own_loop},
          {"local_updates_qsr",
           {{"schedule.rule", "qsr"}, {"outer.optimizer", "nesterov"}},
           SignaturePlace::own_loop},
          {"local_updates_post_local",
           {{"schedule.rule", "post_local"}, {"schedule.switch_step", "30"}},
           SignaturePlace::own_loop},
          {"local_updates_adaptive",
           {{"schedule.rule", "adaptive"}, {"schedule.base_period", "2"}, {"outer.optimizer", "slowmo"}},
           SignaturePlace::own_loop,
           ElementType::float32}};
}

Cases of_servers() {
  Cases cases;
  const auto add = [&](const char* name, std::vector<Setting> settings) {
    cases.push_back({name, std::move(settings), SignaturePlace::asynchronous});
  };
  add("async_sgd", {{"async.outer", "sgd"}});
  add("async_momentum", {{"async.outer", "momentum"}, {"async.learning_rate", "0.1"}});
  add("async_nesterov", {{"async.outer", "nesterov"}, {"async.learning_rate", "0.1"}});
  add("async_buffer", {{"async.outer", "buffer"}, {"async.delay", "3"}});
  add("async_delayed_nesterov", {{"async.outer", "delayed_nesterov"}, {"async.momentum_spread", "0.1"}});
  add("async_ema", {{"async.outer", "ema"}, {"async.look_ahead", "true"}});
  add("async_adam", {{"async.outer", "adam"}, {"async.learning_rate", "0.01"}});
  add("async_dynamic", {{"async.dynamic_local_updates", "true"},
                        {"async.grace", "1.7"},
                        {"async.shard_sampling", "progress"}});
  add("async_compensated",
      {{"async.outer", "sgd"}, {"async.delay_compensation", "0.5"}, {"async.staleness_power", "0.5"}});
  cases.push_back({"async_float32", {}, SignaturePlace::asynchronous, ElementType::float32});
  return cases;
}

}  // namespace

const std::vector<SignatureCase>& signature_cases() {
  static const Cases cases = [] {
    Cases all;
    for (const Cases& some :
         {rules_and_optimizers(), of_float32(), of_codecs(), of_meetings(), of_own_loops(), of_servers()})
      all.insert(all.end(), some.begin(), some.end());
    return all;
  }();
  return cases;
}

Configuration configuration_of(const Catalogue& catalogue, const SignatureCase& chosen) {
  const bool served = chosen.place == SignaturePlace::asynchronous;
  std::vector<Setting> settings = {{"run.steps", served ? "384" : "96"},
                                   {"run.workers", served ? "4" : "3"},
                                   {"run.threads", "2"},
                                   {"task.batch", "4"},
                                   {"learning_rate.peak", "0.1"},
                                   {"learning_rate.warmup_steps", "8"}};
  if (served) {
    settings.push_back({"async.local_steps", "8"});
    settings.push_back({"async.seconds_per_step", "0.58,0.75,1.51,3.33"});
  }
  settings.insert(settings.end(), chosen.settings.begin(), chosen.settings.end());
  return resolve(catalogue, std::nullopt, settings, served ? Scope::simulation : Scope::training);
}

ScalarTask task_of(const SignatureCase& chosen) {
  ScalarTaskOptions options;
  options.type = scalar_type(chosen.type);
  return ScalarTask(options);
}

}  // namespace muster::inline engine

#include "muster/app/keys/scope.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "muster/base/error.h"

namespace muster::inline app {

namespace {

template <size_t n>
bool among(const std::array<std::string_view, n>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Model, data and what a worker does in its steps.
bool is_of_samples(const std::string& section) {
  constexpr std::array<std::string_view, 5> sections = {"task", "image", "text", "gpt", "clusters"};
  return among(sections, section);
}

bool has_use_in_preview(const Key& key) {
  constexpr std::array<std::string_view, 6> length = {"run.steps",  "run.epochs", "run.workers",
                                                      "task.batch", "task.name",  "task.samples"};
  return key.section() == "schedule" || key.section() == "learning_rate" || among(length, key.name);
}

bool has_use_in_evaluation(const Key& key) {
  constexpr std::array<std::string_view, 3> of_run = {"run.seed", "run.threads", "run.precision"};
  return is_of_samples(key.section()) || key.section() == "evaluation" || among(of_run, key.name);
}

bool has_use_without_meetings(const Key& key) {
  constexpr std::array<std::string_view, 4> of_meetings = {"run.loader_threads", "run.verify",
                                                           "run.verify_every", "run.probe"};
  constexpr std::array<std::string_view, 4> sections = {"learning_rate", "inner", "async", "evaluation"};
  if (key.section() == "run") return !among(of_meetings, key.name);
  return is_of_samples(key.section()) || among(sections, key.section());
}

bool has_use_in_serving(const Key& key) {
  constexpr std::array<std::string_view, 7> of_virtual_time = {
      "async.speed_spread", "async.speed_trace",   "async.failures", "async.bandwidth",
      "async.latency",      "async.message_bytes", "async.record"};
  if (among(of_virtual_time, key.name)) return false;
  return key.section() == "serve" || key.family == "comm.codec" || has_use_without_meetings(key);
}

}  // namespace

bool is_asynchronous(Scope scope) { return scope == Scope::simulation || scope == Scope::serving; }

bool is_walked(Scope scope) { return scope == Scope::preview || scope == Scope::planning; }

bool has_use(Scope scope, const Key& key) {
  switch (scope) {
    case Scope::training:
      return key.section() != "async" && key.section() != "serve";
    case Scope::planning:  // what it recommends is a whole training
      return key.section() != "serve" && key.name != "run.out" && key.name != "run.resume";
    case Scope::preview:
      return has_use_in_preview(key);
    case Scope::evaluation:
      return has_use_in_evaluation(key);
    case Scope::simulation:
      return has_use_without_meetings(key);
    case Scope::serving:
      return has_use_in_serving(key);
  }
  throw Bug("has_use: unknown scope");
}

}  // namespace muster::inline app

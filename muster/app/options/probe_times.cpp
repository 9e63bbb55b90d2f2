#include "muster/app/options/probe_times.h"

#include <fmt/format.h>

#include <optional>

#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/probe_text.h"
#include "muster/base/format.h"
#include "muster/choice/unused_option.h"
#include "muster/schedule/preview.h"

namespace muster::inline app {

namespace {

/// The run's rounds; nothing for rules that follow its loss or divergence.
std::optional<int64_t> rounds_of(const Catalogue& catalogue, const Configuration& configuration,
                                 int64_t total_steps) {
  const ChosenRule rule = chosen_rule(catalogue, configuration);
  const auto schedule = rule.make();
  if (schedule->wants_divergence() || schedule->wants_loss()) return std::nullopt;
  const LearningRate rate = make_learning_rate(catalogue, configuration, total_steps);
  return preview(*schedule, rate, total_steps, rule.period_of_preview()).rounds;
}

}  // namespace

void check_probes_are_due(const Catalogue& catalogue, const Configuration& configuration,
                          int64_t total_steps) {
  const auto& probe = configuration.run.probe;
  if (!probe) return;
  const auto rounds = rounds_of(catalogue, configuration, total_steps);
  if (!rounds) return;
  for (const ProbeRequest& request : parse_probes(*probe, "run.probe"))
    require_used(
        request.every <= *rounds, "run.probe", *probe,
        fmt::format("{} would be measured after every {} rounds, and the run has {}: use every={} or less",
                    name_of(request.kind), format_count(request.every), format_count(*rounds), *rounds));
}

std::vector<std::string> probes_never_due(const Configuration& configuration, int64_t rounds) {
  std::vector<std::string> lines;
  if (!configuration.run.probe) return lines;
  for (const ProbeRequest& request : parse_probes(*configuration.run.probe, "run.probe"))
    if (request.every > rounds)
      lines.push_back(
          fmt::format("run.probe: {} was to be measured after every {} rounds; the run had {}, so "
                      "nothing was",
                      name_of(request.kind), format_count(request.every), format_count(rounds)));
  return lines;
}

}  // namespace muster::inline app

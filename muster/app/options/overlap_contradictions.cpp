#include "muster/app/options/overlap_contradictions.h"

#include <fmt/format.h>

#include <string>

#include "muster/base/error.h"
#include "muster/choice/unused_option.h"

namespace muster::inline app {

namespace {

void check_unused(const Family<MergeKind>& merges, const CommSection& comm) {
  const bool delayed = comm.overlap == "delayed";
  const auto require_delay = [&](bool usual, const char* key, const Value& value) {
    require_used(delayed || usual, key, value,
                 "is not used by comm.overlap = none; use delayed, or leave it out");
  };
  require_delay(!comm.delay, "comm.delay", comm.delay ? Value(*comm.delay) : Value());
  require_delay(comm.merge.empty() || comm.merge == merges.text().usual, "comm.merge", comm.merge);
  const Value* const blend = comm.merge_values.find("blend");
  require_delay(blend == nullptr, "comm.blend", blend ? *blend : Value());
  merges.check_used(merges.at(comm.merge), comm.merge_values);
}

}  // namespace

void check_overlap(const Configuration& configuration, const RuleKind& rule,
                   const Family<MergeKind>& merges) {
  const CommSection& comm = configuration.comm;
  check_unused(merges, comm);
  const bool delayed = comm.overlap == "delayed";
  if (!delayed && comm.fragments == 1) return;
  const std::string key = delayed ? "comm.overlap" : "comm.fragments";
  const auto refuse = [&](const std::string& why) {
    throw OptionError(key, delayed ? comm.overlap : std::to_string(comm.fragments), why);
  };
  if (rule.averages_gradients())
    refuse(fmt::format(
        "does not go with schedule.rule = {}, which averages gradients, for which every step waits; "
        "use qsr or constant",
        rule.name));
  if (rule.wants_divergence || (rule.wants_loss && delayed))
    refuse(
        fmt::format("does not go with schedule.rule = {}, which needs to know at a round's end how the round "
                    "went; use qsr or constant",
                    rule.name));
  if (configuration.inner.at_meeting != "keep")
    refuse(fmt::format(
        "does not go with inner.at_meeting = {}: moments belong to a meeting for which all wait; use "
        "keep",
        configuration.inner.at_meeting));
  if (comm.inner_period > 1)
    refuse(
        fmt::format("does not go with comm.inner_period = {}, which mixes the workers of a group between a "
                    "meeting and its outcome; use 1",
                    comm.inner_period));
}

}  // namespace muster::inline app

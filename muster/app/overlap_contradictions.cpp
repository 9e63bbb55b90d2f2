#include "muster/app/overlap_contradictions.h"

#include <fmt/format.h>

#include <string>

#include "muster/app/unused_option.h"
#include "muster/base/error.h"

namespace muster {

namespace {

void check_unused(const CommSection& comm) {
  const bool delayed = comm.overlap == "delayed";
  if (comm.delay && !delayed)
    throw UnusedOption("comm.delay", *comm.delay,
                       "is not used by comm.overlap = none; use delayed, or leave it out");
  if (comm.merge != CommSection{}.merge && !delayed)
    throw UnusedOption("comm.merge", comm.merge,
                       "is not used by comm.overlap = none; use delayed, or leave it out");
  if (comm.blend && !delayed)
    throw UnusedOption("comm.blend", *comm.blend,
                       "is not used by comm.overlap = none; use delayed, or leave it out");
  if (comm.blend && comm.merge != "blend")
    throw UnusedOption("comm.blend", *comm.blend,
                       "is not used by comm.merge = corrected; use blend, or leave it out");
}

}  // namespace

void check_overlap(const Configuration& configuration) {
  const CommSection& comm = configuration.comm;
  const std::string& rule = configuration.schedule.rule;
  check_unused(comm);
  const bool delayed = comm.overlap == "delayed";
  if (!delayed && comm.fragments == 1) return;
  const std::string key = delayed ? "comm.overlap" : "comm.fragments";
  const auto refuse = [&](const std::string& why) {
    throw OptionError(key, delayed ? comm.overlap : std::to_string(comm.fragments), why);
  };
  if (rule == "every_step" || rule == "post_local")
    refuse(fmt::format(
        "does not go with schedule.rule = {}, which averages gradients, for which every step waits; "
        "use qsr or constant",
        rule));
  if (rule == "adaptive" || (rule == "loss" && delayed))
    refuse(
        fmt::format("does not go with schedule.rule = {}, which needs to know at a round's end how the round "
                    "went; use qsr or constant",
                    rule));
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

}  // namespace muster

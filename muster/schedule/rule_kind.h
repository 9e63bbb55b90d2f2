#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/choice/kind.h"
#include "muster/choice/reading.h"
#include "muster/schedule/rule_advice.h"
#include "muster/schedule/run_facts.h"
#include "muster/schedule/sync_schedule.h"

namespace muster::inline schedule {

/// Which meetings of a rule average gradients instead of parameters.
enum class GradientMeetings { never, before_switch, always };

/// How the length of a run affects the periods of a rule: only by cutting the last round, directly, or
/// through the learning rate.
enum class Follows { nothing, length, rate };

/// The meetings of a rule in closed form: gradients are averaged in the first `gradient_steps` steps, from
/// there on parameters every `period` steps.
struct ClosedForm {
  int64_t period = 1;
  int64_t gradient_steps = 0;
};

/// A rule for when workers meet, which a user chooses by name. Code that depends on properties of a rule
/// reads these traits, never its name.
struct RuleKind : Kind {
  /// A new schedule, for one run. Throws OptionError.
  std::function<std::unique_ptr<SyncSchedule>(const Values&, const RunFacts&)> make;

  GradientMeetings gradients = GradientMeetings::never;
  Follows follows = Follows::nothing;
  bool one_period = false;        ///< every round has base_period steps
  bool last_round_alone = false;  ///< after a switch the workers meet only once more, at the end
  bool wants_divergence = false;  ///< as the schedule's own functions say
  bool wants_loss = false;

  /// Sets what was not given and depends on the run.
  std::function<void(Values&, const RunFacts&)> fill;
  /// Replaces values that name files by the files' contents; `read(field, path)`. Empty: no field names one.
  std::function<void(Values&, const std::function<std::string(const std::string&, const std::string&)>&)>
      read_files;
  /// Contradictions between fields; throws OptionError. Empty: there are none. The second is called whichever
  /// rule was chosen.
  std::function<void(const Values&)> contradictions, contradictions_of_any_rule;
  /// The period that previews measure against; without it base_period where the rule reads it, and else the
  /// first round's length.
  std::function<std::optional<int64_t>(const Values&)> based_on;
  /// Nothing for settings whose rounds have to be computed one by one.
  std::function<std::optional<ClosedForm>(const Values&, const RunFacts&, int64_t total_steps)> closed_form;
  /// "samples the first 0.25 of the run, now 2,000 steps": what another length of the run changes; nothing
  /// where it changes nothing.
  std::function<std::optional<std::string>(const Values&, int64_t total_steps)> change_of_length;
  /// The name of these settings in a table of results, where the rule's name is not enough.
  std::function<std::string(const Values&)> title;
  RuleAdvice advice;

  bool averages_gradients() const { return gradients != GradientMeetings::never; }
  bool has_base_period() const { return reads("base_period"); }
  /// REQUIRES: has_base_period().
  int64_t base_period(const Values& values) const { return std::get<int64_t>(value("base_period", values)); }
  std::optional<int64_t> period_of_preview(const Values& values) const;
  std::string title_of(const Values& values) const { return title ? title(values) : name; }

  // Chained calls that describe the rule.
  RuleKind&& says(std::string text) && { return about = std::move(text), std::move(*this); }
  RuleKind&& from(std::string source) && { return paper = std::move(source), std::move(*this); }
  RuleKind&& in(std::string sources) && { return files = std::move(sources), std::move(*this); }
  RuleKind&& averages_gradients(GradientMeetings which) && { return gradients = which, std::move(*this); }
  RuleKind&& grows_as_rate_falls() && { return follows = Follows::rate, std::move(*this); }
  RuleKind&& follows_length() && { return follows = Follows::length, std::move(*this); }
  RuleKind&& has_one_period() && { return one_period = true, std::move(*this); }
  RuleKind&& ends_alone() && { return last_round_alone = true, std::move(*this); }
  RuleKind&& listens_to_divergence() && { return wants_divergence = true, std::move(*this); }
  RuleKind&& listens_to_loss() && { return wants_loss = true, std::move(*this); }
  RuleKind&& refuses(std::function<void(const Values&)> check) && {
    return contradictions = std::move(check), std::move(*this);
  }
  RuleKind&& refuses_always(std::function<void(const Values&)> check) && {
    return contradictions_of_any_rule = std::move(check), std::move(*this);
  }
  RuleKind&& previews_against(std::function<std::optional<int64_t>(const Values&)> period) && {
    return based_on = std::move(period), std::move(*this);
  }
  RuleKind&& walks(
      std::function<std::optional<ClosedForm>(const Values&, const RunFacts&, int64_t)> form) && {
    return closed_form = std::move(form), std::move(*this);
  }
  RuleKind&& changes(std::function<std::optional<std::string>(const Values&, int64_t)> text) && {
    return change_of_length = std::move(text), std::move(*this);
  }
  RuleKind&& titled(std::function<std::string(const Values&)> text) && {
    return title = std::move(text), std::move(*this);
  }
  RuleKind&& candidates(std::function<std::vector<Candidate>(const CandidateRequest&)> settings) && {
    return advice.candidates = std::move(settings), std::move(*this);
  }
  RuleKind&& suits(std::function<int(const AdviceFacts&)> weight) && {
    return advice.suits = std::move(weight), std::move(*this);
  }
  RuleKind&& explains(std::function<std::string(const AdviceFacts&)> reason) && {
    return advice.reason = std::move(reason), std::move(*this);
  }
  RuleKind&& warns(std::function<std::vector<std::string>(const AdviceFacts&)> risks) && {
    return advice.risks = std::move(risks), std::move(*this);
  }
};

template <class Options>
using RuleReading = Reading<Options, RunFacts>;

/// A rule whose class is Rule, made of the options that `reading` fills.
template <class Rule, class Options>
RuleKind rule(std::string name, RuleReading<Options> reading) {
  RuleKind kind;
  kind.name = std::move(name);
  kind.uses = reading.uses();
  kind.fill = [reading](Values& values, const RunFacts& facts) { reading.fill(values, facts); };
  kind.make = [reading = std::move(reading)](const Values& values, const RunFacts& facts) {
    return std::make_unique<Rule>(reading(values, facts));
  };
  return kind;
}

}  // namespace muster::inline schedule

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/planner/plan_basis.h"
#include "muster/app/planner/plan_request.h"
#include "muster/app/planner/plan_rules.h"
#include "muster/comm/codec/named_codec.h"
#include "muster/plan/run_time.h"
#include "muster/schedule/rule_kind.h"

namespace muster::inline app {

class Catalogue;

/// What one rule would cost.
struct PlanRow {
  std::string name;
  const RuleKind* rule = nullptr;  ///< borrowed from the catalogue
  Values values;                   ///< the rule's settings
  ScheduleWalk walk;
  RunTime time;
  double bytes_per_worker = 0;  ///< 0: unknown
  std::optional<double> cost;

  /// The rule's base period; nothing where it has none.
  std::optional<int64_t> base_period() const {
    return rule->has_base_period() ? std::optional(rule->base_period(values)) : std::nullopt;
  }
};

/// The same work on another number of workers: as many samples, so fewer steps of more workers.
struct PlanScale {
  int64_t workers = 1, hosts = 1, steps = 1;
  RunTime time;
  std::optional<double> cost;
  /// Scaling efficiency of the last addition of workers: ln(T before / T) / ln(K / K before), with times T
  /// and workers K. 1 is linear speed-up; below 0 the run gets slower.
  double marginal = 1;
};

/// One rule on many numbers of workers, and where more of them stop paying.
struct PlanScan {
  std::string rule;
  std::vector<PlanScale> points;
  std::optional<int64_t> pays_up_to;  ///< the most workers up to which every marginal is at least 0.5
  std::optional<int64_t> fastest;
};

/// One rule with another codec, or with meetings delayed by a round.
struct PlanTravel {
  std::string name;                   ///< "fp32", "qsgd8", "delayed by a round"
  const NamedCodec* codec = nullptr;  ///< borrowed from the catalogue
  bool delayed = false;               ///< meetings overlap with a round, as the configuration does not ask
  RunTime time;
  double bytes_per_worker = 0;
};

/// An asynchronous run of the configuration, by its own event simulation.
struct PlanAsync {
  double seconds = 0;
  int64_t arrivals = 0;
  double utilisation = 0, bytes_per_worker = 0;
  double lockstep_seconds = 0;  ///< rounds of async.local_steps in which all wait for the slowest
};

struct PlanAdvice {
  size_t row = 0;                     ///< index of PlanResult::rows
  const NamedCodec* codec = nullptr;  ///< borrowed from the catalogue
  RunTime time;
  double bytes_per_worker = 0;
  std::vector<std::string> reasons, risks;
};

/// A whole plan.
struct PlanResult {
  PlanRequest request;
  PlanBasis basis;
  AdviceFacts facts;                      ///< of the training
  const NamedCodec* own_codec = nullptr;  ///< the configuration's, borrowed from the catalogue
  std::vector<PlanRow> rows;              ///< the first is the configuration's own
  size_t every_step = 0;                  ///< the row of the rule that averages gradients in every step
  std::vector<PlanTravel> travels;
  std::vector<PlanScan> scans;
  std::optional<PlanAsync> async;
  PlanAdvice advice;
  double seconds = 0;  ///< duration of the planning
};

/// Computes the whole plan. Throws OptionError.
PlanResult make_plan(const Catalogue& catalogue, const PlanRequest& request, PlanBasis basis);

/// Cost of so many seconds; nothing without a price.
std::optional<double> plan_cost(const PlanRequest& request, const HostGroup& group, double seconds);

/// The facts of the planned training on which advice may depend.
AdviceFacts advice_facts(const Catalogue& catalogue, const PlanRequest& request);
/// The recommended row and codec, with reasons and risks.
PlanAdvice plan_advice(const PlanResult& plan);
/// Index of the row under which other codecs, overlap and numbers of workers are predicted.
size_t plan_choice(const PlanResult& plan);

/// "qsr with qsgd8: 5:30:00 instead of 8:36:00 with a meeting at every step".
std::string plan_answer(const PlanResult& plan);
/// "93,600 steps of 4 workers on 1 host".
std::string plan_subject(const PlanResult& plan);
/// Up to how many workers more of them pay, and which number is the fastest, where there is one: that the
/// last one looked at is still faster says only that the scan ended there.
std::string scan_sentence(const PlanScan& scan);

std::string plan_json(const PlanResult& plan, int indent);
std::string plan_text(const PlanResult& plan);
/// The page of curves, by itself.
std::string plan_page(const PlanResult& plan);
/// A configuration for `muster train` with the reasons as comments. Throws Bug where it would not resolve.
std::string recommended_toml(const Catalogue& catalogue, const PlanResult& plan);

}  // namespace muster::inline app

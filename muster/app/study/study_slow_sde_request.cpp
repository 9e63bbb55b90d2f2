#include "muster/app/study/study_slow_sde_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/arguments.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/resolve.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/format.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

constexpr int64_t most_steps = 100'000'000;
constexpr double burn_in = 0.1;  // part of a stationary run that is not averaged

/// Throws where a flag of other problems was given.
void only_for(const FlagReader& flags, const std::string& name, bool used, std::string_view problem) {
  if (!used && flags.has(name))
    throw OptionError("--" + name, shown(*flags.text(name)),
                      fmt::format("belongs to --problem {}; leave it out", problem));
}

struct Defaults {
  int64_t period, steps, replicas;
  double rate, noise;
};

Defaults defaults_of(const std::string& problem, const std::string& scan) {
  if (problem == "valley" && scan == "period") return {30, 100'000, 6144, 0.03, 1};
  if (problem == "valley") return {30, 60'000, 1024, 0.03, 1};
  if (problem == "diagonal-net") return {100, 30'000, 256, 0.005, 0.4};
  if (scan == "schedules") return {4, 40'000, 512, 0.04, 0.4};
  return {10, 30'000, 256, 0.02, 0.4};
}

/// Makes plans from the keys of the command line and those that the study itself adds.
class PlanMaker {
 public:
  PlanMaker(const Catalogue& catalogue, const Arguments& arguments, bool falling)
      : catalogue_(catalogue), settings_(arguments.settings), falling_(falling) {
    for (const Setting& setting : settings_) {
      const std::string section = setting.name.substr(0, setting.name.find('.'));
      if (section == "run")
        throw OptionError("--" + setting.name, shown(setting.text),
                          "is no key of this study; use --" + setting.name.substr(4));
      if (section != "schedule" && section != "learning_rate")
        throw OptionError("--" + setting.name, shown(setting.text),
                          "means nothing to this study; of the keys it takes schedule.* and learning_rate.*");
      follows_rule_ = follows_rule_ || section == "schedule";
      falling_ = falling_ || section == "learning_rate";
      has_peak_ = has_peak_ || setting.name == "learning_rate.peak";
    }
    if (follows_rule_ && arguments.has("period"))
      throw OptionError("--period", *arguments.flag("period"),
                        "contradicts the schedule.* keys; give either of them");
    if (has_peak_ && arguments.has("learning-rate"))
      throw OptionError("--learning-rate", *arguments.flag("learning-rate"),
                        "contradicts learning_rate.peak; give either of them");
  }

  bool follows_rule() const { return follows_rule_; }
  bool falling() const { return falling_; }

  /// `more`: further keys, of a scan of schedules.
  std::pair<SlowSdePlan, std::string> plan(int64_t workers, double rate, int64_t period, int64_t steps,
                                           const std::vector<Setting>& more = {}) const {
    std::vector<Setting> settings = settings_;
    const auto add = [&](const char* name, const std::string& text) { settings.push_back({name, text}); };
    add("run.steps", std::to_string(steps));
    add("run.workers", std::to_string(workers));
    if (!has_peak_) add("learning_rate.peak", fmt::format("{}", rate));
    if (!falling_) {
      add("learning_rate.shape", "constant");
      add("learning_rate.final", fmt::format("{}", std::min(1e-6, rate)));
    }
    if (!follows_rule_ && more.empty()) {
      add("schedule.rule", "constant");
      add("schedule.base_period", std::to_string(period));
    }
    for (const Setting& setting : more) settings.push_back(setting);
    const Configuration configuration = resolve(catalogue_, std::nullopt, settings, Scope::preview);
    const auto schedule = make_schedule(catalogue_, configuration);
    const std::string rule = configuration.schedule.rule;
    if (schedule->wants_divergence() || schedule->wants_loss())
      throw OptionError("schedule.rule", rule,
                        "decides by what a run measures; this study needs to know the meetings before: use "
                        "constant, qsr, power, post_local, swap, piecewise or theory");
    SlowSdePlan plan{workers, make_learning_rate(catalogue_, configuration, steps), {}};
    plan.rounds = preview(*schedule, plan.learning_rate, steps).all_rounds;
    return {std::move(plan), rule};
  }

 private:
  const Catalogue& catalogue_;
  std::vector<Setting> settings_;
  bool follows_rule_ = false, falling_ = false, has_peak_ = false;
};

/// Reads the words in the order in which one thing follows from another.
class Reader {
 public:
  Reader(const Catalogue& catalogue, const std::vector<std::string>& words)
      : catalogue_(catalogue),
        arguments_(parse_arguments(catalogue, words, slow_sde_help().flags, 0)),
        flags_(arguments_) {
    request_.help = arguments_.has("help");
    request_.command = "muster study slow-sde";
    for (const std::string& word : words) request_.command += " " + shell_quoted(word);
  }

  SlowSdeRequest read() {
    if (request_.help) return request_;
    if (!flags_.has("problem"))
      throw OptionError("--problem", "(not given)", "must be hyperbola, valley or diagonal-net");
    request_.problem = *flags_.word("problem", {"hyperbola", "valley", "diagonal-net"});
    request_.scan = flags_.word("scan", {"period", "workers", "learning-rate", "schedules"}).value_or("");
    request_.json = flags_.has("json");
    request_.out = arguments_.flag("out");
    read_numbers();
    for (const SlowSdeProblem& problem : problems()) add_cases(problem);
    for (const SlowSdeCase& one : request_.cases) check(one);
    return std::move(request_);
  }

 private:
  void read_numbers() {
    const Defaults usual = defaults_of(request_.problem, request_.scan);
    const bool falls = request_.problem == "valley" && flags_.real("tangent-noise").value_or(1) == 0;
    steps_ = flags_.integer("steps", 1, most_steps).value_or(falls ? usual.steps / 10 : usual.steps);
    periods_ = flags_.integers("period", 1, most_steps).value_or(std::vector<int64_t>{usual.period});
    workers_ = flags_.integers("workers", 1, 10'000).value_or(std::vector<int64_t>{8});
    rates_ = flags_.reals("learning-rate").value_or(std::vector<double>{usual.rate});
    for (const double rate : rates_)
      if (!(rate > 0) || rate > 1e3)
        throw OptionError("--learning-rate", format_number(rate), "must be above 0, such as 0.02");
    if (rates_.empty()) throw OptionError("--learning-rate", "''", "must be a number or several");
    noise_ = flags_.real("noise").value_or(usual.noise);
    request_.replicas.replicas = flags_.integer("replicas", 1, 10'000'000).value_or(usual.replicas);
    request_.replicas.threads = static_cast<int>(flags_.integer("threads", 1, 1024).value_or(usable_cores()));
    request_.replicas.seed = static_cast<uint64_t>(flags_.integer("seed", 0, INT64_MAX).value_or(1));
    const size_t lists = (periods_.size() > 1) + (workers_.size() > 1) + (rates_.size() > 1);
    if (lists > 1)
      throw OptionError("--period, --workers, --learning-rate", "(several lists)",
                        "one of them may be a list; give the others one value");
    default_scan();
  }

  // A list is a scan over it; a scan without a list has a usual one.
  void default_scan() {
    std::string& scan = request_.scan;
    if (scan.empty())
      scan = periods_.size() > 1   ? "period"
             : workers_.size() > 1 ? "workers"
             : rates_.size() > 1   ? "rates"
                                   : "";
    const auto refuse_list = [&](const char* name, bool list) {
      if (list && scan != name && !(scan == "rates" && std::string(name) == "learning-rate"))
        throw OptionError(fmt::format("--{}", name), *arguments_.flag(name),
                          fmt::format("is a list, but the scan is over {}; give one value", scan));
    };
    refuse_list("period", periods_.size() > 1);
    refuse_list("workers", workers_.size() > 1);
    refuse_list("learning-rate", rates_.size() > 1);
    if (scan == "period" && !flags_.has("period")) {
      periods_ = request_.problem == "valley" ? valley_periods(rates_.front())
                                              : std::vector<int64_t>{1, 2, 5, 10, 50, 200, 1000, 5000};
      std::erase_if(periods_, [&](int64_t period) { return period > steps_; });
    }
    if (scan == "workers" && !flags_.has("workers")) workers_ = {1, 2, 4, 8, 16, 32};
    if (scan == "learning-rate" && rates_.size() == 1) {
      const double rate = rates_.front();
      rates_ = {rate, rate / std::sqrt(2), rate / 2, rate / 4};
    }
  }

  std::vector<SlowSdeProblem> problems() {
    only_for(flags_, "tangent-noise", request_.problem == "valley", "valley");
    only_for(flags_, "noise-law", request_.problem == "valley", "valley");
    only_for(flags_, "samples", request_.problem == "diagonal-net", "diagonal-net");
    only_for(flags_, "data", request_.problem == "diagonal-net", "diagonal-net");
    only_for(flags_, "features", request_.problem == "diagonal-net", "diagonal-net");
    if (request_.problem == "hyperbola")
      return {HyperbolaOptions{noise_, single_start(request_.scan == "schedules" ? 6 : 4)}};
    if (request_.problem == "valley") return valleys();
    DiagonalNetOptions net = diagonal_net();
    net.noise = noise_;
    const auto start = flags_.reals("start").value_or(net.start);
    if (start.size() == 1)
      net.start.assign(net.start.size(), start.front());
    else
      net.start = start;
    std::vector<SlowSdeProblem> problems;
    problems.emplace_back(std::move(net));
    return problems;
  }

  DiagonalNetOptions diagonal_net() const {
    if (const auto path = arguments_.flag("data")) {
      for (const char* name : {"samples", "features"})
        if (flags_.has(name))
          throw OptionError(fmt::format("--{}", name), *arguments_.flag(name),
                            "is given by --data's file; leave it out");
      return read_diagonal_net(read_file(*path), *path);
    }
    const int64_t samples = flags_.integer("samples", 1, 64).value_or(2);
    const int64_t features = flags_.integer("features", 1, 256).value_or(std::max<int64_t>(3, samples));
    if (samples > features)
      throw OptionError("--samples", std::to_string(samples),
                        fmt::format("must be at most --features = {}: with more, no loss of 0", features));
    return random_diagonal_net(samples, features, request_.replicas.seed);
  }

  std::vector<SlowSdeProblem> valleys() {
    ValleyOptions valley;
    valley.noise = noise_;
    valley.tangent_noise = flags_.real("tangent-noise").value_or(1);
    if (flags_.has("start")) valley.start = single_start(0);
    const std::string law = flags_.word("noise-law", {"curvature", "constant"}).value_or("");
    valley.with_curvature = law != "constant";
    if (!(law.empty() && request_.scan == "period" && valley.tangent_noise > 0)) return {valley};
    ValleyOptions constant = valley;
    constant.with_curvature = false;
    return {valley, constant};
  }

  double single_start(double otherwise) const {
    const auto start = flags_.reals("start").value_or(std::vector<double>{otherwise});
    if (start.size() != 1) throw OptionError("--start", *arguments_.flag("start"), "must be one number");
    return start.front();
  }

  void add_cases(const SlowSdeProblem& problem) {
    const std::string& scan = request_.scan;
    const PlanMaker maker(catalogue_, arguments_, scan == "schedules");
    if (scan == "schedules") return add_schedules(problem, maker);
    if (scan == "period" && maker.follows_rule())
      throw OptionError("--scan", scan, "sets the periods; leave the schedule.* keys out");
    for (const int64_t workers : workers_)
      for (const double rate : rates_)
        for (const int64_t period : periods_) {
          const auto [scaled, steps] =
              scan == "learning-rate" ? scaled_length(rate, period) : std::pair(period, steps_);
          auto [plan, rule] = maker.plan(workers, rate, scaled, steps);
          std::string name = maker.follows_rule() ? rule : fmt::format("H = {}", scaled);
          if (scan == "workers") name = fmt::format("K = {}", workers);
          if (scan == "learning-rate" || scan == "rates")
            name = fmt::format("rate {}", format_number(rate, 4));
          request_.cases.push_back({name, rule, problem, std::move(plan), replicas_of(problem)});
        }
  }

  // A stationary law with Student's tails needs many more replicas for the same standard error.
  int64_t replicas_of(const SlowSdeProblem& problem) const {
    const auto* valley = std::get_if<ValleyOptions>(&problem);
    const bool light =
        valley && valley->with_curvature && request_.scan == "period" && !flags_.has("replicas");
    return light ? std::min<int64_t>(1024, request_.replicas.replicas) : request_.replicas.replicas;
  }

  // At a fixed H eta^2 and a fixed T eta^2.
  std::pair<int64_t, int64_t> scaled_length(double rate, int64_t period) const {
    const double scale = rates_.front() * rates_.front() / (rate * rate);
    const auto scaled = [&](int64_t value) {
      return std::max<int64_t>(1, std::llround(std::min(static_cast<double>(value) * scale, 1e8)));
    };
    return {scaled(period), scaled(steps_)};
  }

  void add_schedules(const SlowSdeProblem& problem, const PlanMaker& maker) {
    if (maker.follows_rule())
      throw OptionError("--scan", "schedules", "chooses the rules; leave the schedule.* keys out");
    const double peak = rates_.front();
    const auto with = [&](const std::string& name, std::vector<Setting> keys) {
      auto [plan, rule] = maker.plan(workers_.front(), peak, 1, steps_, keys);
      request_.cases.push_back({name, rule, problem, std::move(plan), replicas_of(problem)});
    };
    const auto power = [&](double growth, double exponent) -> std::vector<Setting> {
      return {{"schedule.rule", "power"},
              {"schedule.base_period", "4"},
              {"schedule.growth", fmt::format("{}", growth)},
              {"schedule.exponent", fmt::format("{}", exponent)}};
    };
    const auto constant = [&](const char* period) -> std::vector<Setting> {
      return {{"schedule.rule", "constant"}, {"schedule.base_period", period}};
    };
    const auto text = [](double number) { return format_number(number, 4); };
    with("H = 1", constant("1"));
    with("H = 4", constant("4"));
    with("H = 8", constant("8"));
    with(fmt::format("max(4, {}/rate)", text(10 * peak)), power(10 * peak, 1));
    with(fmt::format("qsr, growth {}", text(2 * peak)), power(2 * peak, 2));
    with(fmt::format("qsr, growth {}", text(5 * peak)), power(5 * peak, 2));
    with(fmt::format("cubic, growth {}", text(2.5 * peak)), power(2.5 * peak, 3));
    if (steps_ < 2) return;
    with("swap: H = 4, then one round", {{"schedule.rule", "swap"},
                                         {"schedule.base_period", "4"},
                                         {"schedule.switch_step", std::to_string(steps_ / 2)}});
  }

  void check(const SlowSdeCase& one) {
    std::visit([&](const auto& problem) { problem.validate(one.plan.largest_rate()); }, one.problem);
    const auto* valley = std::get_if<ValleyOptions>(&one.problem);
    if (!valley || valley->tangent_noise == 0) return;
    if (!one.plan.constant())
      throw OptionError("--tangent-noise", format_number(valley->tangent_noise),
                        "makes y stationary, which needs one learning rate and one period; use "
                        "--tangent-noise 0 to follow y down the valley instead");
    request_.replicas.average_from = burn_in;
  }

  const Catalogue& catalogue_;
  Arguments arguments_;
  FlagReader flags_;
  SlowSdeRequest request_;
  int64_t steps_ = 0;
  std::vector<int64_t> periods_, workers_;
  std::vector<double> rates_;
  double noise_ = 0;
};

}  // namespace

std::vector<int64_t> valley_periods(double learning_rate) {
  std::vector<int64_t> periods;
  for (const double rounds : {0.0009, 0.0045, 0.009, 0.03, 0.09, 0.16, 0.27, 0.5, 0.9, 2.7, 9.0}) {
    const auto period = std::max<int64_t>(1, std::llround(rounds / (learning_rate * learning_rate)));
    if (periods.empty() || period > periods.back()) periods.push_back(period);
  }
  return periods;
}

SlowSdeRequest read_slow_sde_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  return Reader(catalogue, words).read();
}

}  // namespace muster::inline app

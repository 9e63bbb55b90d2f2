#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/schedule/rules.h"
#include "muster/schedule/theory_period.h"

namespace muster::inline schedule {

namespace {

constexpr std::array<std::pair<std::string_view, Theory>, 6> theories = {{
    {"stich", Theory::stich},
    {"haddadpour", Theory::haddadpour},
    {"khaled", Theory::khaled},
    {"woodworth", Theory::woodworth},
    {"koloskova", Theory::koloskova},
    {"growing", Theory::growing},
}};

Theory theory_named(std::string_view word) {
  for (const auto& [name, theory] : theories)
    if (name == word) return theory;
  throw Bug("a theory passed its check but stands for nothing");
}

Field theory_field() {
  std::vector<std::string> words;
  for (const auto& [name, theory] : theories) words.emplace_back(name);
  return text_field("theory")
      .says("the convergence theorem that sets the period.")
      .one_of(std::move(words))
      .otherwise("stich");
}

RuleReading<TheoryPeriodOptions> theory_reading() {
  return RuleReading<TheoryPeriodOptions>()
      .take(&RunFacts::workers, &TheoryPeriodOptions::workers)
      .take(&RunFacts::batch, &TheoryPeriodOptions::batch)
      .bind<std::string>(theory_field(), [](TheoryPeriodOptions& options, const std::string& word,
                                            const RunFacts&) { options.theory = theory_named(word); })
      .bind(real_field("condition_number")
                .says("condition number of the problem; all but stich and haddadpour use it.")
                .at_least(1),
            &TheoryPeriodOptions::condition_number);
}

std::vector<Candidate> theory_candidates(const CandidateRequest& request) {
  std::vector<Candidate> all;
  for (const char* theory : {"stich", "haddadpour", "khaled"}) {
    Values values = request.given;
    values.set("theory", theory);
    all.push_back({std::string("theory:") + theory, std::move(values)});
  }
  for (int64_t i = 1; request.many() && i <= request.settings - 3; ++i) {
    const double condition =
        std::pow(1e4, static_cast<double>(i) / static_cast<double>(request.settings - 3));
    Values values = request.given;
    values.set("theory", "khaled");
    values.set("condition_number", condition);
    all.push_back({"theory:khaled," + format_number(condition, 4), std::move(values)});
  }
  return all;
}

/// All theories but `growing` have one period for the whole run.
std::optional<ClosedForm> closed_form(const Values& values, const RunFacts& facts, int64_t total_steps) {
  const TheoryPeriodOptions options = theory_reading()(values, facts);
  if (options.theory == Theory::growing) return std::nullopt;
  const RoundStart start{.step = 0, .total_steps = total_steps};
  return ClosedForm{.period = TheoryPeriod(options).next_round(start).steps};
}

}  // namespace

RuleKind theory_rule() {
  return rule<TheoryPeriod>("theory", theory_reading())
      .says("the longest period that a theorem allows, see below")
      .from("below")
      .in("theory_period")
      .follows_length()
      .walks(closed_form)
      .titled([](const Values& values) { return values.held<std::string>(theory_field()).value(); })
      .candidates(theory_candidates);
}

}  // namespace muster::inline schedule

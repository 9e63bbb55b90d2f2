#include "muster/schedule/piecewise.h"
#include "muster/schedule/rules.h"

namespace muster::inline schedule {

namespace {

RuleReading<PiecewiseOptions> piecewise_reading() {
  return RuleReading<PiecewiseOptions>()
      .bind<std::string>(
          text_field("pieces")
              .says("periods by the step they hold from, as step:period,... (the first at step 0), or the "
                    "path of a CSV file with columns step,period.")
              .absent("none"),
          [](PiecewiseOptions& options, const std::string& text, const RunFacts&) {
            options.pieces = parse_pieces(text);
          })
      .needed("periods as 0:4,1000:16, or the path of a CSV file");
}

using ReadText = std::function<std::string(const std::string&, const std::string&)>;

/// The text is a list of pieces, or else the path of a CSV file.
void read_pieces(Values& values, const ReadText& read) {
  const auto text = values.given<std::string>("pieces");
  if (!text) return;
  const bool listed = text->find_first_not_of("0123456789:, \t-") == std::string::npos;
  values.set("pieces", format_pieces(listed ? parse_pieces(*text)
                                            : parse_pieces_csv(read("schedule.pieces", *text), *text)));
}

/// Settings with each of the first periods in the first half of the run and four times it in the second.
std::vector<Candidate> piecewise_candidates(const CandidateRequest& request) {
  std::vector<Candidate> all;
  if (request.steps < 2) return all;
  for (const int64_t period : request.first_periods()) {
    const std::string often = std::to_string(period), rarely = std::to_string(4 * period);
    Values values = request.given;
    values.set("pieces", "0:" + often + "," + std::to_string(request.steps / 2) + ":" + rarely);
    all.push_back({"piecewise:" + often + "," + rarely, std::move(values)});
  }
  return all;
}

}  // namespace

RuleKind piecewise_rule() {
  RuleKind kind = rule<Piecewise>("piecewise", piecewise_reading());
  kind.read_files = read_pieces;
  return std::move(kind)
      .says("what the list says: `0:4,1000:16`, or the same from a CSV file")
      .in("piecewise")
      .previews_against([](const Values& values) {
        return std::optional(piecewise_reading()(values, {}).pieces.at(0).period);
      })
      .candidates(piecewise_candidates);
}

}  // namespace muster::inline schedule

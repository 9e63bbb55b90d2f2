#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/app/reproduce/claim_rule.h"

namespace muster::inline app {

/// A command of this program whose JSON the claims read, `[[run]]` in a claims file.
struct ClaimRun {
  std::string name;
  std::string words;           ///< as a shell would split them; {seed}, {out}, {configs}, {data}, {hosts} and
                               ///< {tuned:ARM} are filled in
  double minutes = 1;          ///< on one core, for the time left
  std::vector<int64_t> seeds;  ///< not empty: once for each
  int64_t seeds_inside = 1;    ///< independent seeds that one such command runs by itself
  bool resumes = false;        ///< the command goes on in {out} where it was stopped
};

/// One number, or several: over the seeds of a run, or over the elements of a list.
struct ClaimFigure {
  std::string name;
  std::string from;  ///< RUN:/pointer/into/its/json; a segment may be key=value (the element of a list that
                     ///< has it) or * (all elements of a list)
  std::string is;    ///< or an expression of the figures before
  std::string each;  ///< or an expression for each element of those
};

/// A chart: figures against figures.
struct ClaimChart {
  struct Curve {
    std::string label, x, y;  ///< from, as of a figure
    bool points = false;
  };
  std::string title, x_label, y_label;
  bool log_x = false, log_y = false;
  std::vector<Curve> curves;
};

/// measured: something was run that could have come out otherwise. exact: a formula or an enumeration against
/// the paper's number. arithmetic: the paper's inputs give the paper's outputs; a check of this program, no
/// evidence for the claim. not_testable: what is needed is out of reach.
enum class ClaimKind { measured, exact, arithmetic, not_testable };
std::string_view kind_word(ClaimKind kind);  ///< "not_testable"
std::string_view kind_text(ClaimKind kind);  ///< "not testable here"

/// A part of a measured claim: an arm compared with another arm, or with a number.
struct ClaimPart {
  std::string says;         ///< in words: "QSR ends flatter than constant 4"
  std::string arm, beside;  ///< figures with a value for each seed; `beside` may be empty
  double than = 0;          ///< stands in the place of `beside` where that is empty
  Comparison rule;
  std::string source;  ///< where the paper has the margin or the factor
};

/// A number of the paper, for exact and arithmetic rows: agrees within the tolerance.
struct ClaimNumber {
  std::string figure;
  double number = 0, tolerance = 0;
};

/// How a claim is tested, at one scale.
struct ClaimTest {
  ClaimKind kind = ClaimKind::measured;
  std::string here;  ///< what is run
  std::vector<ClaimFigure> figures;
  std::vector<ClaimPart> parts;      ///< of a measured row
  std::vector<ClaimNumber> numbers;  ///< of an exact or arithmetic row
  std::string shows;                 ///< the result in a line: "{early:.3f} beside {late:.3f}"
  std::vector<std::string>
      needs;  ///< data:NAME, workers:N, cores:N, engine; anything else cannot be detected
  std::vector<std::string> commands;         ///< for a person to run, where no [[run]] does
  std::map<std::string, std::string> means;  ///< what a verdict means, by its word
  std::vector<ClaimChart> charts;
};

struct Claim {
  std::string id, claim;      ///< the claim in one line
  std::string where;          ///< in the paper
  std::string paper;          ///< the paper's own figure
  ClaimTest small, original;  ///< `original`: at --scale paper; where the claims file says none, the same
};

/// A grid over which `--tune` looks for an arm's best setting, `[[tune]]` in a claims file.
struct TuneArm {
  std::string name;            ///< {tuned:NAME} in the words of runs
  std::string words;           ///< of one command; {seed} and {value} are filled in
  std::string setting;         ///< the key that the grid is over, for people
  std::vector<double> grid;    ///< ascending
  std::vector<int64_t> seeds;  ///< others than those of the verdicts
  std::string result;          ///< pointer to the number in the command's JSON
  bool most = false;           ///< the largest is the best, not the least
  double minutes = 1;          ///< of one command, on one core
};

/// A file of claims about one paper.
struct ClaimFile {
  std::string name, title;  ///< "qsr"; the paper
  std::vector<ClaimRun> runs;
  std::vector<Claim> claims;
  std::vector<TuneArm> tunes;
};

/// Throws DataError naming the file, the row, and what would be right: unknown or missing keys, figures that
/// name no run, expressions that cannot be read, names given twice, rules that do not fit the row's kind.
ClaimFile parse_claims(std::string_view text, const std::string& file);

/// The name of the run that a figure's `from` begins with.
std::string run_of(const std::string& from);

/// Names of the runs that a test reads, each once.
std::vector<std::string> runs_of(const ClaimTest& test);

/// The `from` of all that a figure is made of, through other figures.
std::vector<std::string> sources_of_figure(const ClaimTest& test, const std::string& figure);

/// What a row compares, in words: "qsr < constant" or "volume = 10.4 +- 0.05"; parts separated by "; ".
std::string rule_text(const ClaimTest& test);

}  // namespace muster::inline app

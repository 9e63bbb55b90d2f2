#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// A command of this program whose JSON the claims read, `[[run]]` in a claims file.
struct ClaimRun {
  std::string name;
  std::string words;   ///< as a shell would split them; {seed}, {out}, {configs}, {data} and {hosts} are
                       ///< filled in
  double minutes = 1;  ///< on one core, for the time left
  std::vector<int64_t> seeds;  ///< not empty: once for each
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

/// A picture: figures against figures.
struct ClaimChart {
  struct Curve {
    std::string label, x, y;  ///< from, as of a figure
    bool points = false;
  };
  std::string title, x_label, y_label;
  bool log_x = false, log_y = false;
  std::vector<Curve> curves;
};

/// How a claim is put to the test, at one scale.
struct ClaimTest {
  std::string here;  ///< what is run
  std::vector<ClaimFigure> figures;
  std::string holds, in_part;  ///< conditions; in_part may be empty
  std::string shows;           ///< the result in a line: "{early:.3f} beside {late:.3f}"
  std::vector<std::string>
      needs;  ///< data:NAME, workers:N, cores:N, engine; anything else is a thing no program can see
  std::vector<std::string> commands;         ///< that a person runs, where no run stands for them
  std::map<std::string, std::string> means;  ///< what a verdict means, by "holds", "in_part", "not_shown"
  std::vector<ClaimChart> charts;
};

struct Claim {
  std::string id, claim;      ///< the claim in one line
  std::string where;          ///< in the paper
  std::string paper;          ///< the paper's own figure
  ClaimTest small, original;  ///< `original`: at --scale paper; where the claims file says none, the same
};

/// A file of claims about one paper.
struct ClaimFile {
  std::string name, title;  ///< "qsr"; the paper
  std::vector<ClaimRun> runs;
  std::vector<Claim> claims;
};

/// Throws DataError naming the file, the row, and what would be right: unknown or missing keys, figures that
/// name no run, expressions that cannot be read, names given twice.
ClaimFile parse_claims(std::string_view text, const std::string& file);

/// The name of the run that a figure's `from` begins with.
std::string run_of(const std::string& from);

/// Names of the runs that a test reads, each once.
std::vector<std::string> runs_of(const ClaimTest& test);

}  // namespace muster

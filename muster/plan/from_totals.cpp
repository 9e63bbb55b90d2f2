#include "muster/plan/from_totals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline plan {

namespace {

constexpr double largest_misfit = 0.05;

std::string described(const TotalTime& total) {
  return fmt::format("{}:{}h", total.name, format_number(total.hours));
}

void check_one(const TotalTime& total) {
  if (!(total.hours > 0) || !std::isfinite(total.hours))
    throw OptionError("--total", described(total), "the time must be above 0, such as qsr:20.2h");
  invariant(total.communication > 0 && total.communication <= 1, "a run meets from once to at every step");
}

// Of two runs, the one that met less often must not have taken longer.
void check_pair(const TotalTime& one, const TotalTime& other) {
  const TotalTime& often = one.communication > other.communication ? one : other;
  const TotalTime& rarely = &often == &one ? other : one;
  if (rarely.hours < often.hours || rarely.communication == often.communication) return;
  throw OptionError(
      "--total", described(rarely),
      fmt::format("contradicts {}: it met in {:.4g} % of the steps, that one in {:.4g} %, and fewer meetings "
                  "cannot take longer; times like these leave nothing to plan with (other machines, "
                  "another load, or mistyped?)",
                  described(often), 100 * rarely.communication, 100 * often.communication));
}

SolvedTotals fit(const std::vector<TotalTime>& totals) {
  const auto count = static_cast<double>(totals.size());
  double mean_f = 0, mean_t = 0, products = 0, squares = 0;
  for (const TotalTime& total : totals) mean_f += total.communication / count, mean_t += total.hours / count;
  for (const TotalTime& total : totals) {
    products += (total.communication - mean_f) * (total.hours - mean_t);
    squares += (total.communication - mean_f) * (total.communication - mean_f);
  }
  if (!(squares > 1e-12))
    throw OptionError(
        "--total", described(totals.back()),
        fmt::format("all runs met in {:.4g} % of their steps, so that their times cannot separate "
                    "meetings from computing; give a run with another rule or period",
                    100 * mean_f));
  SolvedTotals solved;
  solved.communication_hours = products / squares;
  solved.compute_hours = mean_t - solved.communication_hours * mean_f;
  return solved;
}

}  // namespace

SolvedTotals solve_totals(const std::vector<TotalTime>& totals) {
  if (totals.size() < 2)
    throw OptionError(
        "--total", totals.empty() ? "(none)" : described(totals.front()),
        "one total time cannot separate computing from meetings; give that of a second run which "
        "met at another frequency, such as --total every_step:26.7h --total qsr:20.2h");
  for (const TotalTime& total : totals) check_one(total);
  SolvedTotals solved = fit(totals);
  for (size_t i = 0; i < totals.size(); ++i)
    for (size_t j = i + 1; j < totals.size(); ++j) check_pair(totals[i], totals[j]);
  if (!(solved.compute_hours > 0))
    throw OptionError("--total", described(totals.back()),
                      fmt::format("with the others it leaves {:.4g} h to compute: the times differ by more "
                                  "than the meetings saved can take",
                                  solved.compute_hours));
  for (const TotalTime& total : totals) {
    const double off = std::abs(solved.hours(total.communication) - total.hours) / total.hours;
    solved.largest_residual = std::max(solved.largest_residual, off);
    if (off > largest_misfit)
      throw OptionError(
          "--total", described(total),
          fmt::format("the line through all totals gives {:.4g} h, {:.0f} % off: these times do "
                      "not belong to one machine and one model",
                      solved.hours(total.communication), 100 * off));
  }
  if (totals.size() == 2) solved.largest_residual = 0;
  return solved;
}

}  // namespace muster::inline plan

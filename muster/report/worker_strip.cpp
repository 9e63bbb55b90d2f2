#include "muster/report/worker_strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "muster/report/html_text.h"

namespace muster::inline report {

namespace {

// In the units of the SVG's own coordinates, which are pixels on a wide screen.
constexpr double width = 1112, left = 66, right = 12, top = 6, row_height = 26, bar_height = 17,
                 axis_height = 34;
constexpr double room_for_a_number = 15;

using Rows = std::map<int64_t, std::vector<const ArrivalLine*>>;

Rows rows_of(const std::vector<ArrivalLine>& arrivals) {
  Rows rows;
  for (const ArrivalLine& line : arrivals) rows[line.worker].push_back(&line);
  return rows;
}

/// At most `most` of the workers, evenly chosen, the first and the last among them.
std::vector<int64_t> chosen(const Rows& rows, size_t most) {
  std::vector<int64_t> all, some;
  for (const auto& [worker, rounds] : rows) all.push_back(worker);
  if (all.size() <= most || most < 2) return all;
  for (size_t i = 0; i < most; ++i) some.push_back(all[i * (all.size() - 1) / (most - 1)]);
  return some;
}

/// A step of 1, 2 or 5 times a power of ten, about a ninth of the span.
double tick_step(double span) {
  const double power = std::pow(10, std::floor(std::log10(span / 9)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (span / (factor * power) <= 9) return factor * power;
  return 10 * power;
}

/// Draws the time from 0 to `end`.
class Strip {
 public:
  explicit Strip(double end) : end_(end) {}

  void row(double y, int64_t worker, const std::vector<const ArrivalLine*>& rounds) {
    svg_ += fmt::format("<text class=\"who\" x=\"{:g}\" y=\"{:.1f}\">worker {}</text>", left - 10,
                        y + row_height / 2 + 4, worker);
    for (const ArrivalLine* round : rounds)
      if (round->ready < end_) bar(y + (row_height - bar_height) / 2, *round);
  }

  void axis(double y) {
    const double step = tick_step(end_);
    const int digits = std::max(0, static_cast<int>(-std::floor(std::log10(step))));
    svg_ += fmt::format("<line class=\"rule\" x1=\"{0:g}\" x2=\"{1:g}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>",
                        left, width - right, y);
    for (double at = 0; at <= end_ * (1 + 1e-9); at += step)
      svg_ += fmt::format(
          "<line class=\"rule\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"/>"
          "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3:.1f}\">{4:.{5}f} s</text>",
          place(at), y, y + 5, y + 19, at, digits);
  }

  std::string svg(size_t rows) const {
    return fmt::format(
        "<svg class=\"strip\" viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"Rounds of {} workers over "
        "{:.4g} seconds\">{}</svg>",
        width, top + static_cast<double>(rows) * row_height + axis_height, rows, end_, svg_);
  }

 private:
  double place(double time) const { return left + std::min(time, end_) / end_ * (width - left - right); }

  void part(double y, const char* kind, double from, double to) {
    if (!(to > from) || from >= end_) return;
    svg_ += fmt::format("<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:g}\"/>",
                        kind, place(from), y, place(to) - place(from), bar_height);
  }

  void bar(double y, const ArrivalLine& round) {
    const bool counted = round.verdict == "counted";
    svg_ += fmt::format(
        "<g><title>worker {}, shard {}: {} local steps from version {}, computed from {:.6g} to {:.6g} s, "
        "there at {:.6g} s; {}</title>",
        round.worker, round.shard, round.steps, round.version, round.received, round.computed, round.arrived,
        counted ? fmt::format("staleness {}", round.staleness) : html_escaped(round.verdict));
    part(y, "wait", round.ready, round.start);
    part(y, "send", round.start, round.received);
    part(y, counted ? "work" : "lost", round.received, round.computed);
    part(y, "send", round.computed, round.arrived);
    const double from = place(round.received), to = place(round.computed);
    if (counted && round.computed <= end_ && to - from > room_for_a_number)
      svg_ += fmt::format("<text class=\"age\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", to - 4,
                          y + bar_height - 4.5, round.staleness);
    svg_ += "</g>";
  }

  double end_;
  std::string svg_;
};

}  // namespace

double strip_end(const std::vector<ArrivalLine>& arrivals, const StripOptions& options) {
  double end = 0;
  for (const ArrivalLine& line : arrivals) end = std::max(end, line.arrived);
  for (const auto& [worker, rounds] : rows_of(arrivals))
    if (rounds.size() > options.most_rounds_in_a_row)
      end = std::min(end, rounds[options.most_rounds_in_a_row - 1]->arrived);
  return end;
}

std::string worker_strip(const std::vector<ArrivalLine>& arrivals, const StripOptions& options) {
  const double end = strip_end(arrivals, options);
  if (!(end > 0)) return {};
  const Rows rows = rows_of(arrivals);
  Strip strip(end);
  const std::vector<int64_t> workers = chosen(rows, options.most_workers);
  double y = top;
  for (const int64_t worker : workers) {
    strip.row(y, worker, rows.at(worker));
    y += row_height;
  }
  strip.axis(y + 3);
  return strip.svg(workers.size());
}

}  // namespace muster::inline report

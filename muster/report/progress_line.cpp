#include "muster/report/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "muster/base/format.h"
#include "muster/base/terminal.h"

namespace muster::inline report {

namespace {

constexpr int narrow = 60, shortest_bar = 10, longest_bar = 30;
constexpr std::string_view gap = "  ";

/// A piece of the line; where there is no room for all, those of the highest rank are left out first.
struct Piece {
  int rank;
  std::string text;
};

bool is_known(const std::optional<double>& value) { return value && std::isfinite(*value); }

std::string share(const ProgressView& view) {
  return view.total_steps > 0 ? fmt::format("{}%", 100 * view.step / view.total_steps) : "";
}

std::vector<Piece> pieces_of(const ProgressView& view, bool short_ones) {
  std::vector<Piece> pieces;
  std::string steps = fmt::format("step {}/{}", format_count(view.step), format_count(view.total_steps));
  if (view.total_steps > 0) steps += fmt::format(" ({})", share(view));
  pieces.push_back({0, short_ones && view.total_steps > 0 ? share(view) : steps});
  if (!short_ones) pieces.push_back({5, fmt::format("round {}", format_count(view.round))});
  if (view.period && !short_ones) pieces.push_back({6, fmt::format("period {}", format_count(*view.period))});
  if (view.loss) pieces.push_back({3, fmt::format("loss {}", format_number(*view.loss, 4))});
  if (view.accuracy) pieces.push_back({4, fmt::format("accuracy {:.1f}%", 100 * *view.accuracy)});
  if (is_known(view.samples_per_second))
    pieces.push_back({2, fmt::format("{}{}", format_count(std::llround(*view.samples_per_second)),
                                     short_ones ? "/s" : " samples/s")});
  if (is_known(view.seconds_left))
    pieces.push_back({1, fmt::format("{} left", format_duration(*view.seconds_left))});
  return pieces;
}

std::string joined(const std::vector<Piece>& pieces) {
  std::string line;
  for (const Piece& piece : pieces) line += (line.empty() ? "" : std::string(gap)) + piece.text;
  return line;
}

void leave_out_least_important(std::vector<Piece>& pieces) {
  pieces.erase(std::max_element(pieces.begin(), pieces.end(),
                                [](const Piece& one, const Piece& other) { return one.rank < other.rank; }));
}

std::string bar(const ProgressView& view, int columns) {
  const int inner = columns - 2;
  const double done =
      std::clamp(static_cast<double>(view.step) / static_cast<double>(view.total_steps), 0., 1.);
  const int filled = static_cast<int>(done * inner);
  return "[" + std::string(static_cast<size_t>(filled), '#') +
         std::string(static_cast<size_t>(inner - filled), '-') + "]";
}

constexpr const char* green = "\x1b[32m";
constexpr const char* plain = "\x1b[0m";

// Colours the filled part of the bar in the brackets at the line's beginning.
std::string coloured(const std::string& line) {
  const size_t end = line.starts_with('[') ? line.find_first_of("-]") : std::string::npos;
  if (end == std::string::npos || end < 2) return line;
  return "[" + (green + line.substr(1, end - 1)) + plain + line.substr(end);
}

}  // namespace

std::string format_progress(const ProgressView& view, int width) {
  std::vector<Piece> pieces = pieces_of(view, width > 0 && width < narrow);
  std::string line = joined(pieces);
  if (width <= 0) return line;
  const auto room = [&] { return width - static_cast<int>(line.size() + gap.size()); };
  const auto shorten = [&] {
    leave_out_least_important(pieces);
    line = joined(pieces);
  };
  while (pieces.size() > 2 && room() < shortest_bar) shorten();
  while (pieces.size() > 1 && line.size() > static_cast<size_t>(width)) shorten();
  if (view.total_steps > 0 && room() >= shortest_bar)
    line = bar(view, std::min(room(), longest_bar)) + std::string(gap) + line;
  if (line.size() > static_cast<size_t>(width)) line.resize(static_cast<size_t>(width));
  return line;
}

namespace {

/// The number after `word`; commas between thousands are skipped.
std::optional<double> number_behind(std::string_view line, std::string_view word) {
  const size_t at = line.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  std::string digits;
  for (const char c : line.substr(at + word.size())) {
    if (c == ',') continue;
    if (std::string_view("0123456789.e-+").find(c) == std::string_view::npos) break;
    digits += c;
  }
  double number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return problem == std::errc() && end != digits.data() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<ProgressView> parse_progress(std::string_view line) {
  const auto step = number_behind(line, "step "), total = number_behind(line, "/");
  if (!line.starts_with("step ") || !step || !total) return std::nullopt;
  ProgressView view;
  view.step = std::llround(*step);
  view.total_steps = std::llround(*total);
  view.round = std::llround(number_behind(line, "  round ").value_or(0));
  if (const auto period = number_behind(line, "  period ")) view.period = std::llround(*period);
  view.loss = number_behind(line, "  loss ");
  if (const auto percent = number_behind(line, "  accuracy ")) view.accuracy = *percent / 100;
  return view;
}

ProgressOptions progress_options(int descriptor, int64_t samples_per_step) {
  ProgressOptions options;
  options.terminal = is_live_terminal(descriptor);
  options.width = options.terminal ? terminal_width(descriptor) : 0;
  options.every_seconds = options.terminal ? 0.2 : 5;
  options.samples_per_step = samples_per_step;
  options.colour = is_colour_wanted(descriptor);
  options.descriptor = options.terminal ? descriptor : -1;
  return options;
}

ProgressLine::ProgressLine(std::ostream& out, ProgressOptions options) : out_(out), options_(options) {}

bool ProgressLine::due(double now) const {
  return !last_time_ || now - *last_time_ >= options_.every_seconds;
}

void ProgressLine::measure(int64_t step, double now) {
  if (last_time_ && now > *last_time_) {
    constexpr double memory_seconds = 10;
    const double passed = now - *last_time_;
    const double speed = static_cast<double>(step - last_step_) / passed;
    const double share = 1 - std::exp(-passed / memory_seconds);
    steps_per_second_ = steps_per_second_ ? *steps_per_second_ + share * (speed - *steps_per_second_) : speed;
  }
  last_time_ = now;
  last_step_ = step;
}

void ProgressLine::show(ProgressView view, double now, bool force) {
  if (!force && !due(now)) return;
  measure(view.step, now);
  if (steps_per_second_ && *steps_per_second_ > 0) {
    if (options_.samples_per_step > 0)
      view.samples_per_second = *steps_per_second_ * static_cast<double>(options_.samples_per_step);
    view.seconds_left = static_cast<double>(view.total_steps - view.step) / *steps_per_second_;
  }
  // In one write, so that no other process's line is mixed in.
  out_ << (options_.terminal ? live(view) : format_progress(view) + '\n') << std::flush;
  line_open_ = options_.terminal;
}

// One column stays free: a full line would wrap and could not be overwritten. ESC[K erases to the end of the
// line.
std::string ProgressLine::live(const ProgressView& view) {
  if (options_.descriptor >= 0) options_.width = terminal_width(options_.descriptor);
  std::string label = options_.label.empty() ? "" : options_.label + std::string(gap);
  const int columns = options_.width > 1 ? options_.width - 1 : options_.width;
  if (columns > 0 && static_cast<int>(label.size()) > columns) label.resize(static_cast<size_t>(columns));
  const int room = columns > 0 ? columns - static_cast<int>(label.size()) : 0;
  const std::string line = columns > 0 && room == 0 ? "" : format_progress(view, room);
  return '\r' + label + (options_.colour ? coloured(line) : line) + "\x1b[K";
}

void ProgressLine::end() {
  if (line_open_) out_ << '\n' << std::flush;
  line_open_ = false;
}

}  // namespace muster::inline report

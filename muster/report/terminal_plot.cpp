#include "muster/report/terminal_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "muster/base/format.h"
#include "muster/report/table.h"

namespace muster::inline report {

namespace {

constexpr double extreme = 1e290;  // differences and round values around it are still finite

struct Tick {
  double value;
  std::string label;
};

std::string tick_label(double value) {
  if (std::abs(value) < 1e15 && value == std::round(value)) return format_count(static_cast<int64_t>(value));
  return format_number(value, 4);
}

// A dot matrix, `across` x `down` dots to a character.
class Canvas {
 public:
  Canvas(int columns, int lines, bool ascii)
      : columns_(columns),
        lines_(lines),
        across_(ascii ? 1 : 2),
        down_(ascii ? 1 : 4),
        cells_(static_cast<size_t>(columns * lines), 0) {}

  int width() const { return columns_ * across_; }
  int height() const { return lines_ * down_; }
  int column_of(int x) const { return x / across_; }
  int line_of(int y) const { return y / down_; }

  void dot(int x, int y) {
    static constexpr unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    unsigned char& cell = cells_[static_cast<size_t>(y / down_ * columns_ + x / across_)];
    cell = static_cast<unsigned char>(cell | bits[y % down_][x % across_]);
  }

  void line(int x0, int y0, int x1, int y1) {
    const int length = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int i = 0; i <= length; ++i)
      dot(x0 + static_cast<int>(std::lround(static_cast<double>(x1 - x0) * i / length)),
          y0 + static_cast<int>(std::lround(static_cast<double>(y1 - y0) * i / length)));
  }

  std::string text_of_line(int line) const {
    std::string text;
    for (int c = 0; c < columns_; ++c) {
      const unsigned char cell = cells_[static_cast<size_t>(line * columns_ + c)];
      if (cell == 0) {
        text += ' ';
      } else if (down_ == 1) {
        text += '*';
      } else {  // U+2800 + cell in UTF-8
        text += {'\xE2', static_cast<char>(0xA0 | cell >> 6), static_cast<char>(0x80 | (cell & 0x3F))};
      }
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }

 private:
  int columns_, lines_, across_, down_;
  std::vector<unsigned char> cells_;
};

// The least round number (1, 2, 5 x 10^k) that is not below `size`.
double round_step(double size) {
  const double decade = std::pow(10, std::floor(std::log10(size)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * decade >= size * (1 - 1e-9)) return factor * decade;
  return 10 * decade;
}

std::vector<Tick> even_ticks(double low, double high, int wanted) {
  const double step = round_step((high - low) / std::max(wanted, 1));
  const double first = std::ceil(low / step - 1e-9);
  std::vector<Tick> ticks;
  for (int i = 0; (first + i) * step <= high + 1e-9 * step; ++i)
    ticks.push_back({(first + i) * step, tick_label((first + i) * step)});
  return ticks;
}

// 1, 2, 5 x 10^k from the last at or below `low` to the first at or above `high`.
std::vector<Tick> log_ticks(double low, double high) {
  std::vector<double> values;
  for (auto decade = static_cast<int>(std::floor(std::log10(low))) - 1;
       values.empty() || values.back() < high; ++decade)
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (!values.empty() && values.back() >= high) break;
      values.push_back(decade < 0 ? factor / std::pow(10, -decade) : factor * std::pow(10, decade));
    }
  while (values.size() > 2 && values[1] <= low) values.erase(values.begin());
  std::vector<Tick> ticks;
  for (const double value : values) ticks.push_back({value, tick_label(value)});
  return ticks;
}

// Maps values to dots of the canvas.
struct Scale {
  double low, high;
  bool log;
  int dots;
  int at(double value) const {
    const double part = log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return static_cast<int>(std::lround(std::clamp(part, 0.0, 1.0) * (dots - 1)));
  }
};

struct Interval {
  double low, high;

  // Widens the interval of (nearly) a single value, so that it can be divided.
  Interval opened() const {
    const double size = std::max(std::abs(low), std::abs(high));
    if (high - low > std::max(1e-9 * size, 1 / extreme)) return *this;
    const double room = size > 20 / extreme ? 0.1 * size : 1;
    return {low - room, high + room};
  }
};

template <class Value>
Interval range_of(const std::vector<PlotPoint>& points, Value value) {
  const auto [low, high] = std::minmax_element(
      points.begin(), points.end(), [&](const auto& a, const auto& b) { return value(a) < value(b); });
  return {value(*low), value(*high)};
}

std::vector<Tick> y_ticks(Interval range, bool log, int lines) {
  if (log) {
    if (range.high <= range.low * 1.000001) range = {range.low / 2, range.high * 2};
    return log_ticks(range.low, range.high);
  }
  range = range.opened();
  const int wanted = std::max(lines / 3, 2);
  const double step = round_step((range.high - range.low) / wanted);
  return even_ticks(std::floor(range.low / step) * step, std::ceil(range.high / step) * step, wanted);
}

void draw(Canvas& canvas, const std::vector<PlotPoint>& points, const Scale& x, const Scale& y, bool stairs) {
  const int bottom = canvas.height() - 1;
  int last_x = x.at(points.front().x), last_y = bottom - y.at(points.front().y);
  canvas.dot(last_x, last_y);
  for (const PlotPoint& point : points) {
    const int next_x = x.at(point.x), next_y = bottom - y.at(point.y);
    if (stairs) {
      canvas.line(last_x, last_y, next_x, last_y);
      canvas.line(next_x, last_y, next_x, next_y);
    } else {
      canvas.line(last_x, last_y, next_x, next_y);
    }
    last_x = next_x;
    last_y = next_y;
  }
}

// One label per line: the ends first, then powers of ten, then the others where a line and its neighbours are
// empty.
std::vector<std::string> label_lines(const std::vector<Tick>& ticks, const Scale& y, const Canvas& canvas,
                                     int lines) {
  std::vector<std::string> labels(static_cast<size_t>(lines));
  const auto place = [&](const Tick& tick, int gap) {
    const int line = canvas.line_of(canvas.height() - 1 - y.at(tick.value));
    for (int near = std::max(0, line - gap); near <= std::min(lines - 1, line + gap); ++near)
      if (!labels[static_cast<size_t>(near)].empty()) return;
    labels[static_cast<size_t>(line)] = tick.label;
  };
  place(ticks.front(), 0);
  place(ticks.back(), 0);
  const auto whole_decade = [](double value) {
    const double power = std::log10(std::abs(value));
    return std::abs(power - std::round(power)) < 1e-9;
  };
  for (const Tick& tick : ticks)
    if (y.log && whole_decade(tick.value)) place(tick, 0);
  for (const Tick& tick : ticks) place(tick, 1);
  return labels;
}

// The x axis with its marks, and the line of labels below it.
std::string x_axis(const std::vector<Tick>& ticks, const Scale& x, const Canvas& canvas, int columns,
                   int margin, bool ascii) {
  std::vector<bool> marked(static_cast<size_t>(columns), false);
  std::string labels(static_cast<size_t>(margin + 1), ' ');
  for (const Tick& tick : ticks) {
    const int column = canvas.column_of(x.at(tick.value));
    const int length = static_cast<int>(tick.label.size());
    const int begin =
        std::clamp(margin + 1 + column - length / 2, 0, std::max(margin + 1 + columns - length, 0));
    const bool first = labels.find_first_not_of(' ') == std::string::npos;
    if (!first && begin < static_cast<int>(labels.size()) + 1) continue;
    labels.resize(static_cast<size_t>(begin), ' ');
    labels += tick.label;
    marked[static_cast<size_t>(column)] = true;
  }
  std::string axis = std::string(static_cast<size_t>(margin), ' ') + (ascii ? "+" : "└");
  for (const bool mark : marked) axis += mark ? (ascii ? "+" : "┬") : (ascii ? "-" : "─");
  return axis + "\n" + labels + "\n";
}

std::string right_aligned(const std::string& text, int width) {
  return std::string(static_cast<size_t>(std::max(0, width - display_width(text))), ' ') + text;
}

std::vector<PlotPoint> drawable(const std::vector<PlotPoint>& points, bool log_y) {
  std::vector<PlotPoint> kept;
  for (const PlotPoint& point : points)
    if (std::abs(point.x) <= extreme && std::abs(point.y) <= extreme && (!log_y || point.y >= 1 / extreme))
      kept.push_back(point);
  return kept;
}

}  // namespace

std::string terminal_plot(const std::vector<PlotPoint>& points, const PlotOptions& options) {
  const auto kept = drawable(points, options.log_y);
  if (kept.empty()) return "(nothing to plot)\n";
  const int lines =
      std::max(options.height, 6) - 2 - (options.x_label.empty() ? 0 : 1) - (options.y_label.empty() ? 0 : 1);

  const auto values =
      y_ticks(range_of(kept, [](const PlotPoint& point) { return point.y; }), options.log_y, lines);
  int margin = 0;
  for (const Tick& tick : values) margin = std::max(margin, display_width(tick.label) + 1);
  const int columns = std::max(std::max(options.width, 24) - margin - 1, 8);

  Canvas canvas(columns, lines, options.ascii);
  const Interval across = range_of(kept, [](const PlotPoint& point) { return point.x; }).opened();
  const Scale x{across.low, across.high, false, canvas.width()};
  const Scale y{values.front().value, values.back().value, options.log_y, canvas.height()};
  draw(canvas, kept, x, y, options.stairs);

  std::string text;
  if (!options.y_label.empty()) text += " " + options.y_label + "\n";
  const auto labels = label_lines(values, y, canvas, lines);
  for (int line = 0; line < lines; ++line) {
    const std::string& label = labels[static_cast<size_t>(line)];
    const char* axis = options.ascii ? (label.empty() ? "|" : "+") : (label.empty() ? "│" : "┤");
    text += right_aligned(label.empty() ? "" : label + " ", margin) + axis + canvas.text_of_line(line) + "\n";
  }
  text +=
      x_axis(even_ticks(across.low, across.high, columns / 10), x, canvas, columns, margin, options.ascii);
  if (!options.x_label.empty()) text += right_aligned(options.x_label, margin + 1 + columns) + "\n";
  return text;
}

}  // namespace muster::inline report

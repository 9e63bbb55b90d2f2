#include "muster/plan/device_speeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/random.h"

namespace muster::inline plan {

namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

template <class T>
std::optional<T> number(std::string_view text) {
  text = trimmed(text);
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool positive(double value) { return std::isfinite(value) && value > 0; }

[[noreturn]] void fail_line(const std::string& source, size_t line, const std::string& what) {
  throw DataError(fmt::format("{}, line {}: {}; a line is worker,second,seconds_per_step such as 3,120,0.58",
                              source, line, what));
}

[[noreturn]] void fail_outage(std::string_view text, const std::string& remedy) {
  throw OptionError("async.failures", text, remedy);
}

Outage parse_outage(std::string_view piece, std::string_view all, int64_t workers) {
  const auto fields = split(piece, ':');
  const auto times = split(fields.back(), '-');
  const std::string form = "must be outages such as 3:100-250,1:400- (worker:from-until, in seconds)";
  if (fields.size() != 2 || times.size() != 2) fail_outage(all, form);
  const auto worker = number<int64_t>(fields[0]);
  const auto from = number<double>(times[0]);
  const bool for_ever = trimmed(times[1]).empty();
  const auto until = for_ever ? std::numeric_limits<double>::infinity() : number<double>(times[1]);
  if (!worker || !from || !until) fail_outage(all, form);
  if (*worker < 0 || *worker >= workers)
    fail_outage(all, fmt::format("there is no worker {}; they are 0 to {}", *worker, workers - 1));
  if (!positive(*from) || !(*until > *from))
    fail_outage(all, fmt::format("worker {} must be away from a second above 0 to a later one", *worker));
  return {*worker, *from, *until};
}

}  // namespace

void DeviceOptions::validate() const {
  if (seconds_per_step.empty())
    throw OptionError("async.seconds_per_step", "(none)", "give at least one device's, such as 0.58,0.75");
  for (const double seconds : seconds_per_step)
    if (!positive(seconds))
      throw OptionError("async.seconds_per_step", format_number(seconds), "must be numbers > 0");
  if (workers < 1) throw OptionError("run.workers", std::to_string(workers), "must be at least 1");
  if (!(spread >= 0 && std::isfinite(spread)))
    throw OptionError("async.speed_spread", format_number(spread), "must be 0 or a number above it");
}

std::vector<double> device_speeds(const DeviceOptions& options) {
  options.validate();
  std::vector<double> speeds(static_cast<size_t>(options.workers));
  for (size_t worker = 0; worker < speeds.size(); ++worker) {
    speeds[worker] = options.seconds_per_step[worker % options.seconds_per_step.size()];
    if (options.spread == 0) continue;
    RandomStream stream({.seed = options.seed, .purpose = Purpose::device_speed, .a = worker, .b = 0});
    speeds[worker] *= std::exp(options.spread * stream.normal());
  }
  return speeds;
}

void SpeedCurve::add(const SpeedChange& change) {
  invariant(change.from >= changes_.back().from && positive(change.seconds_per_step),
            "changes of speed come in order");
  if (change.from == changes_.back().from)
    changes_.back() = change;
  else
    changes_.push_back(change);
}

double SpeedCurve::end_of(int64_t steps, double time) const {
  if (changes_.size() == 1) return time + static_cast<double>(steps) * changes_.front().seconds_per_step;
  auto next = std::upper_bound(changes_.begin(), changes_.end(), time,
                               [](double at, const SpeedChange& change) { return at < change.from; });
  double left = static_cast<double>(steps);
  while (true) {
    const double pace = (next - 1)->seconds_per_step;
    const double end = time + left * pace;
    if (next == changes_.end() || end <= next->from) return end;
    left -= (next->from - time) / pace;
    time = next->from;
    ++next;
  }
}

double SpeedCurve::seconds_per_step_at(double time) const {
  const auto next = std::upper_bound(changes_.begin(), changes_.end(), time,
                                     [](double at, const SpeedChange& change) { return at < change.from; });
  return (next - 1)->seconds_per_step;
}

std::vector<SpeedCurve> speed_curves(const DeviceOptions& options, std::string_view trace,
                                     const std::string& source) {
  std::vector<SpeedCurve> curves;
  for (const double seconds : device_speeds(options)) curves.emplace_back(seconds);
  std::vector<double> newest(curves.size(), 0);
  size_t line = 0;
  for (const std::string_view text : split(trace, '\n')) {
    ++line;
    if (trimmed(text).empty() || trimmed(text).front() == '#') continue;
    const auto fields = split(text, ',');
    if (fields.size() != 3) fail_line(source, line, "has not three fields");
    const auto worker = number<int64_t>(fields[0]);
    const auto from = number<double>(fields[1]), seconds = number<double>(fields[2]);
    if (!worker || !from || !seconds) fail_line(source, line, "is not made of numbers");
    if (*worker < 0 || *worker >= options.workers)
      fail_line(source, line, fmt::format("there is no worker {}", *worker));
    if (!positive(*seconds) || !(*from >= newest[static_cast<size_t>(*worker)]) || !std::isfinite(*from))
      fail_line(source, line, "times must rise and speeds be above 0");
    newest[static_cast<size_t>(*worker)] = *from;
    curves[static_cast<size_t>(*worker)].add({*from, *seconds});
  }
  return curves;
}

std::vector<Outage> parse_outages(std::string_view text, int64_t workers) {
  std::vector<Outage> outages;
  if (trimmed(text).empty()) return outages;
  for (const std::string_view piece : split(text, ',')) {
    const Outage outage = parse_outage(piece, text, workers);
    for (const Outage& other : outages)
      if (other.worker == outage.worker && outage.from <= other.until && other.from <= outage.until)
        fail_outage(text, fmt::format("two outages of worker {} overlap", outage.worker));
    outages.push_back(outage);
  }
  return outages;
}

}  // namespace muster::inline plan

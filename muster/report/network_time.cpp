#include "muster/report/network_time.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>
#include <span>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline report {

namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit bandwidths[] = {{"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}};
constexpr Unit latencies[] = {{"us", 1e-6}, {"µs", 1e-6}, {"ms", 1e-3}, {"s", 1.0}};

std::string lower_case(std::string_view text) {
  std::string lower;
  for (const char c : text)
    if (c != ' ') lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// A number with one of `units` behind it; NaN for anything else.
double with_unit(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || !std::isfinite(number)) return std::nan("");
  const std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  for (const Unit& unit : units)
    if (unit.name == name) return number * unit.factor;
  return std::nan("");
}

std::string shown_value(std::string_view text) {
  return text.empty() ? "''" : std::string(text.substr(0, 80));
}

}  // namespace

double parse_bandwidth(std::string_view text) {
  std::string plain = lower_case(text);
  if (plain.ends_with("/s")) plain.resize(plain.size() - 2);
  const double bits = with_unit(plain, bandwidths);
  if (!(bits > 0) || !std::isfinite(bits))
    throw OptionError(
        "--network", shown_value(text),
        "must be a number above 0 with Kbit, Mbit or Gbit (per second) behind it, such as 1Gbit");
  return bits;
}

double parse_latency(std::string_view text) {
  const double seconds = with_unit(lower_case(text), latencies);
  if (!(seconds >= 0) || !std::isfinite(seconds))
    throw OptionError("--latency", shown_value(text),
                      "must be a number of at least 0 with us, ms or s behind it, such as 100us");
  return seconds;
}

std::string describe(const Network& network) {
  const double bits = network.bits_per_second, seconds = network.latency_seconds;
  const std::string speed = bits >= 1e9   ? format_number(bits / 1e9) + " Gbit/s"
                            : bits >= 1e6 ? format_number(bits / 1e6) + " Mbit/s"
                                          : format_number(bits / 1e3) + " Kbit/s";
  const std::string delay = seconds >= 1      ? format_number(seconds) + " s"
                            : seconds >= 1e-3 ? format_number(seconds * 1e3) + " ms"
                                              : format_number(seconds * 1e6) + " µs";
  return fmt::format("{} and {}", speed, delay);
}

double all_reduce_seconds(const Network& network, double workers, double bytes) {
  if (workers < 2) return 0;
  return 2 * (workers - 1) / workers * 8 * bytes / network.bits_per_second +
         2 * (workers - 1) * network.latency_seconds;
}

double step_seconds(const MeasuredWork& work) {
  if (work.steps <= 0) return 0;
  return (work.compute_seconds + work.data_seconds) * work.threads / (work.steps * work.workers);
}

PredictedTime predict_time(const MeasuredWork& work, double per_step, const Network& network) {
  PredictedTime time;
  time.compute = work.steps * per_step;
  if (work.rounds > 0)
    time.communication =
        work.rounds * all_reduce_seconds(network, work.workers, work.bytes_per_worker / work.rounds);
  return time;
}

}  // namespace muster::inline report

#include "muster/report/arrivals_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline report {

namespace {

std::string number_or_null(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }

double real(const nlohmann::json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

ArrivalLine arrival_of(const nlohmann::json& fields) {
  if (fields.size() != 12) throw DataError("not twelve fields");
  ArrivalLine line;
  line.worker = fields[0].get<int64_t>();
  line.shard = fields[1].get<int64_t>();
  line.steps = fields[2].get<int64_t>();
  line.version = fields[3].get<int64_t>();
  line.staleness = fields[4].get<int64_t>();
  line.verdict = fields[5].get<std::string>();
  line.ready = real(fields[6]);
  line.start = real(fields[7]);
  line.received = real(fields[8]);
  line.computed = real(fields[9]);
  line.arrived = real(fields[10]);
  if (!fields[11].is_null()) line.loss = fields[11].get<double>();
  return line;
}

MeasurementLine measurement_of(const nlohmann::json& fields) {
  if (fields.size() != 6) throw DataError("not six fields");
  return {real(fields[0]), fields[1].get<int64_t>(), fields[2].get<int64_t>(),
          real(fields[3]), real(fields[4]),          real(fields[5])};
}

void read_line(std::string_view text, ArrivalHistory& history) {
  const auto json = nlohmann::json::parse(text);
  if (json.contains("arrival"))
    history.arrivals.push_back(arrival_of(json.at("arrival")));
  else
    history.measurements.push_back(measurement_of(json.at("measured")));
}

/// The valid lines of arrivals among the whole lines of a text.
std::string good_lines(std::string_view text) {
  std::string good;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    try {
      ArrivalHistory ignored;
      read_line(text.substr(begin, end - begin), ignored);
    } catch (const std::exception&) {  // left out; the caller reports it
      continue;
    }
    good += text.substr(begin, end + 1 - begin);
  }
  return good;
}

}  // namespace

std::string to_json(const ArrivalLine& line) {
  return fmt::format("{{\"arrival\":[{},{},{},{},{},\"{}\",{},{},{},{},{},{}]}}", line.worker, line.shard,
                     line.steps, line.version, line.staleness, line.verdict, number_or_null(line.ready),
                     number_or_null(line.start), number_or_null(line.received), number_or_null(line.computed),
                     number_or_null(line.arrived), line.loss ? number_or_null(*line.loss) : "null");
}

std::string to_json(const MeasurementLine& line) {
  return fmt::format("{{\"measured\":[{},{},{},{},{},{}]}}", number_or_null(line.time), line.local_steps,
                     line.version, number_or_null(line.train_loss), number_or_null(line.test_loss),
                     number_or_null(line.test_accuracy));
}

ArrivalsFile::ArrivalsFile(const std::string& path) : ArrivalsFile(path, std::ios::trunc) {}

ArrivalsFile ArrivalsFile::go_on_with(const std::string& path) {
  if (!std::filesystem::exists(path)) return ArrivalsFile(path);
  const std::string content = read_file(path);
  const size_t end = content.rfind('\n');
  const std::string_view whole = std::string_view(content).substr(0, end == std::string::npos ? 0 : end + 1);
  const std::string good = good_lines(whole);
  std::string note;
  if (good.size() < whole.size()) {
    write_file_atomically(path + ".set-aside", content);
    note = fmt::format(
        "'{}' has lines that are not arrivals: continuing without them; the old file is kept as "
        "'{}.set-aside'",
        path, path);
  }
  if (good.size() < content.size()) write_file_atomically(path, good);
  ArrivalsFile file(path, std::ios::app);
  file.note_ = std::move(note);
  return file;
}

ArrivalsFile::ArrivalsFile(const std::string& path, std::ios::openmode mode) : path_(path), out_(path, mode) {
  if (!out_) throw FileError("cannot write '" + path + "': " + std::strerror(errno));
}

void ArrivalsFile::write(const MeasurementLine& line) {
  put(to_json(line));
  flush();
}

void ArrivalsFile::put(const std::string& text) {
  out_ << text << '\n';
  if (!out_) throw FileError("cannot write '" + path_ + "': " + std::strerror(errno));
}

void ArrivalsFile::flush() {
  out_.flush();
  if (!out_) throw FileError("cannot write '" + path_ + "': " + std::strerror(errno));
}

ArrivalHistory read_arrivals(const std::string& path) {
  const std::string content = read_file(path);
  ArrivalHistory history;
  std::string_view left = content;
  for (int64_t line = 1;; ++line) {
    const size_t end = left.find('\n');
    if (end == std::string_view::npos) return history;
    try {
      read_line(left.substr(0, end), history);
    } catch (const std::exception& problem) {
      throw DataError(fmt::format("{}, line {}: is no line of an asynchronous run's arrivals ({})", path,
                                  line, problem.what()));
    }
    left.remove_prefix(end + 1);
  }
}

MendedArrivals mend_arrivals(const std::string& path, double until, int64_t version) {
  MendedArrivals mended;
  if (!std::filesystem::exists(path)) return mended;
  const std::string content = read_file(path);
  std::string kept;
  int64_t damaged = 0, later = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = content.find('\n', begin);
    if (end == std::string::npos) break;  // cut off in writing
    const std::string_view line = std::string_view(content).substr(begin, end + 1 - begin);
    begin = end + 1;
    ArrivalHistory one;
    try {
      read_line(line.substr(0, line.size() - 1), one);
    } catch (const std::exception&) {
      // Counted for MendedArrivals::note.
      ++damaged;
      continue;
    }
    if ((!one.arrivals.empty() && one.arrivals[0].arrived > until) ||
        (!one.measurements.empty() && one.measurements[0].version > version)) {
      ++later;
      continue;
    }
    if (!one.arrivals.empty()) mended.last_arrived = std::max(mended.last_arrived, one.arrivals[0].arrived);
    kept += line;
  }
  if (damaged + later == 0) return mended;
  const std::string aside = path + ".set-aside";
  write_file_atomically(aside, content);
  write_file_atomically(path, kept);
  mended.note = fmt::format(
      "'{}': left out {} damaged lines and {} about what the server does not know "
      "of; the file as it was is '{}'",
      path, damaged, later, aside);
  return mended;
}

}  // namespace muster::inline report

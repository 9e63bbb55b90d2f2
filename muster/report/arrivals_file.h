#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace muster::inline report {

/// One line of arrivals.jsonl, the record of an asynchronous run: a round that ended. Times in seconds since
/// the run's start, virtual or real. The worker waited from `ready` to `start`, received parameters until
/// `received`, computed until `computed`, sent its contribution until `arrived`.
struct ArrivalLine {
  int64_t worker = 0;
  int64_t shard = 0;
  int64_t steps = 0;      ///< local steps of the round
  int64_t version = 0;    ///< of the parameters that it started from
  int64_t staleness = 0;  ///< versions since then, at its arrival
  std::string verdict = "counted";
  double ready = 0, start = 0, received = 0, computed = 0, arrived = 0;
  std::optional<double> loss;  ///< mean training loss of its steps; none without training
  bool operator==(const ArrivalLine&) const = default;
};

/// Another line: a measurement of the server's parameters.
struct MeasurementLine {
  double time = 0;          ///< seconds
  int64_t local_steps = 0;  ///< of all workers together
  int64_t version = 0;
  double train_loss = 0, test_loss = 0, test_accuracy = 0;
  bool operator==(const MeasurementLine&) const = default;
};

/// As they stand in the file:
/// {"arrival":[worker,shard,steps,version,staleness,"verdict",ready,start,received, computed,arrived,loss]}
/// and {"measured":[time,local_steps,version,train_loss,test_loss,test_accuracy]}. Numbers that are not
/// finite, and an absent loss, are null.
std::string to_json(const ArrivalLine& line);
std::string to_json(const MeasurementLine& line);

/// The file OUT/arrivals.jsonl of a run under way.
class ArrivalsFile {
 public:
  /// A new, empty file. Throws FileError.
  explicit ArrivalsFile(const std::string& path);
  /// Appends after the last whole line of an existing file; creates a missing one. Lines that are not lines
  /// of arrivals are left out: note() reports it, and the original file is kept as PATH.set-aside. Throws
  /// FileError.
  static ArrivalsFile go_on_with(const std::string& path);
  /// What was wrong with the file that go_on_with() opened, in a line; "" for nothing.
  const std::string& note() const { return note_; }
  /// Appends a line. Throws FileError.
  void write(const ArrivalLine& line) { put(to_json(line)); }
  void write(const MeasurementLine& line);
  /// Passes all buffered lines to the system. Throws FileError.
  void flush();

 private:
  ArrivalsFile(const std::string& path, std::ios::openmode mode);
  void put(const std::string& text);

  std::string path_;
  std::ofstream out_;  // its state is checked after every write (arrivals_file.cpp)
  std::string note_;
};

/// All lines, in order. A last line that was cut off in writing is left out. null is read as NaN (a null
/// loss: as none). Throws FileError (missing), DataError (any other line, with its number).
struct ArrivalHistory {
  std::vector<ArrivalLine> arrivals;
  std::vector<MeasurementLine> measurements;
};
ArrivalHistory read_arrivals(const std::string& path);

/// What mend_arrivals() has found.
struct MendedArrivals {
  double last_arrived = -1;  ///< seconds of the run; -1: no arrival
  std::string note;          ///< what was left out, in a line; "" for nothing
};
/// Removes from the file every line that is not a line of arrivals, and those that the server's state does
/// not include: rounds that arrived later than `until` (seconds of the run), measurements of versions above
/// `version`. Where it removes a line, it keeps the original as PATH.set-aside. A missing file counts as
/// empty. Throws FileError.
MendedArrivals mend_arrivals(const std::string& path, double until, int64_t version);

}  // namespace muster::inline report

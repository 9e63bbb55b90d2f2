#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// One line of arrivals.jsonl, the record of an asynchronous run: a round that ended. Times in seconds since
/// the run's start, virtual or real. The worker waited from `ready` to `start`, was sent parameters until
/// `received`, computed until `computed`, handed in until `arrived`.
struct ArrivalLine {
  int64_t worker = 0;
  int64_t shard = 0;
  int64_t steps = 0;      ///< local steps of the round
  int64_t version = 0;    ///< it started from
  int64_t staleness = 0;  ///< versions since then, at its arrival
  std::string verdict = "counted";
  double ready = 0, start = 0, received = 0, computed = 0, arrived = 0;
  std::optional<double> loss;  ///< mean training loss of its steps; none without training
  bool operator==(const ArrivalLine&) const = default;
};

/// Another line: the server's parameters measured.
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
/// finite, and a loss that there is not, are null.
std::string to_json(const ArrivalLine& line);
std::string to_json(const MeasurementLine& line);

/// The file OUT/arrivals.jsonl of a run under way.
class ArrivalsFile {
 public:
  /// A new, empty file. Throws FileError.
  explicit ArrivalsFile(const std::string& path);
  /// Goes on behind the last whole line of a file that is there; a new one where there is none. Lines that
  /// are none of arrivals are left out then: note() says so, and the file as it was is kept as
  /// PATH.set-aside. Throws FileError.
  static ArrivalsFile go_on_with(const std::string& path);
  /// What was wrong with a file gone on with, in a line; "" for nothing.
  const std::string& note() const { return note_; }
  /// Appends a line. Throws FileError.
  void write(const ArrivalLine& line) { put(to_json(line)); }
  void write(const MeasurementLine& line);
  /// Brings all lines to the system. Throws FileError.
  void flush();

 private:
  ArrivalsFile(const std::string& path, std::ios::openmode mode);
  void put(const std::string& text);

  std::string path_;
  std::ofstream out_;  // asked after every write (arrivals_file.cpp)
  std::string note_;
};

/// All lines, in order. A last line that was cut off in writing is left out. null comes back as NaN (of a
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
/// Leaves out of the file every line that is none of arrivals, and what its server does not know of: rounds
/// that came later than `until` (seconds of the run), measurements of versions above `version`. Where
/// something is left out, the file as it was stays beside it as PATH.set-aside. A missing file holds nothing.
/// Throws FileError.
MendedArrivals mend_arrivals(const std::string& path, double until, int64_t version);

}  // namespace muster

#pragma once

#include <string>

#include "muster/base/thread_pool.h"
#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/engine/served_training.h"
#include "muster/report/arrivals_file.h"
#include "muster/report/metrics_file.h"
#include "muster/serve/coordinator.h"
#include "muster/train/evaluation.h"

namespace muster::inline engine {

/// What a served run leaves in its folder: arrivals.jsonl, metrics.jsonl, model.safetensors, summary.json.
class ServeResult {
 public:
  /// Opens metrics and arrivals; goes on with those that are there, without what is damaged or later than
  /// `coordinator` knows of, and says so. Throws FileError.
  ServeResult(const ServedTraining& training, std::string folder, Coordinator& coordinator);

  /// Writes the rounds that have ended since the last call. Throws FileError.
  void note(Coordinator& coordinator);
  /// Measures on the test set, into the metrics and the arrivals.
  void evaluate(const Coordinator::Present& present);
  /// The end: arrivals, metrics and model are on the disk, then the summary with their digests, then the
  /// result goes to standard output. Throws FileError.
  void write(Coordinator& coordinator, bool json);

 private:
  struct Measured {
    Vector buffers;
    double loss = 0, accuracy = 0;
  };
  Measured measure(const Coordinator::Present& present);
  void write_measurement(const Coordinator::Present& present, const Measured& measured);

  const ServedTraining& training_;
  std::string folder_;
  ThreadPool pool_;
  Solo alone_;
  Averager averager_;
  Evaluation evaluation_;
  double noted_until_;  // seconds of the run: the last arrival in the file
  MetricsFile metrics_;
  ArrivalsFile arrivals_;
};

/// 16 hexadecimal digits that two vectors share only if they are the same to the bit (XXH64).
std::string digest_of(const Vector& vector);

/// Replays all events of the run in run.out and prints the digest of the parameters that they lead to (with
/// `json` also worker, sequence and version of every contribution); exit code 1 where it differs from the
/// digest in the run's summary. With `recover` it continues past damage and says what it leaves out. Throws
/// OptionError, FileError, CheckpointError, DataError.
int replay_served(const ServedTraining& training, bool recover, bool json);

}  // namespace muster::inline engine

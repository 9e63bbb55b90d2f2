#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/checksum.h"
#include "muster/report/metrics_gaps.h"

namespace muster::inline report {

/// Wall time of a whole run by part, in seconds, over all its sessions.
struct SummarySeconds {
  double compute = 0;
  double waiting = 0;
  double averaging = 0;
  double data = 0;
  double evaluation = 0;
  double checkpoint = 0;
  double total = 0;
};

/// The result of a run that has ended.
struct Summary {
  int64_t steps = 0;
  int64_t rounds = 0;
  double communication = 0;                   ///< rounds / steps
  std::optional<double> final_test_accuracy;  ///< of the averaged model, 0 to 1
  std::optional<double> final_test_loss;      ///< of the averaged model
  std::optional<double> loss_floor;           ///< least test loss that any model can reach, where it is known
  double final_train_loss = 0;                ///< mean of the workers' own losses over the last epoch
  int64_t bytes_per_worker = 0;               ///< encoded bytes of one worker's messages over all meetings
  int64_t inner_bytes_per_worker = 0;         ///< the same at the meetings of its group; left out when 0
  std::optional<double> divergence;           ///< at the last meeting, where it was measured
  double samples_per_second = 0;
  int64_t parameters = 0;
  int64_t skipped_samples = 0;  ///< left out because they could not be decoded
  int64_t workers = 0;
  int64_t threads = 0;
  SummarySeconds seconds;
  std::vector<MetricsGap> metrics_gaps;         ///< left out where there are none
  std::map<std::string, std::string> versions;  ///< "muster", "libtorch", ...
  std::map<std::string, FileDigest> files;      ///< of the result's other files, by name
  std::string configuration = "{}";             ///< the resolved configuration, a JSON object
};

/// One JSON object, keys in snake_case, indented by `indent` (-1: one line). Values that are absent or not
/// finite are null. Throws Bug when the configuration is no JSON object.
std::string to_json(const Summary& summary, int indent = 2);

/// {"model.safetensors": {"bytes": 1234, "xxh64": "0123456789abcdef"}}
std::string digests_json(const std::map<std::string, FileDigest>& files);

/// The text of summary.json.
std::string summary_text(const Summary& summary);

/// Writes summary.json atomically, with a checksum of itself (its first key), and returns the text. It marks
/// a finished run (whole_result.h), so it is written last. Throws FileError.
std::string write_summary(const std::string& path, const Summary& summary);
/// The same of a summary of another kind: `object` is a JSON object indented by two spaces, with
/// digests_json() under "files".
std::string write_summary(const std::string& path, const std::string& object);

/// The first key of summary.json.
constexpr std::string_view summary_checksum_key = "summary_xxh64";

}  // namespace muster::inline report

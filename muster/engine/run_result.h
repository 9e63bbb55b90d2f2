#pragma once

#include <string>

#include "muster/checkpoint/safetensors.h"
#include "muster/engine/run_files_here.h"
#include "muster/engine/training.h"
#include "muster/rendezvous/result_ledger.h"
#include "muster/report/summary_file.h"
#include "muster/train/run_record.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// The summary of a finished run.
Summary summarise(const Training& training, const RunRecord& record);

/// Writes all that a finished run leaves to the disk: metrics and events, then model.safetensors and at last
/// summary.json, each in one piece. Notes digests, and what the metrics lack, in `summary`. `at`: the file
/// being written, for an error's message. Throws FileError, LostPeer when another process writes the folder
/// now.
DurableResult write_result(const Training& training, RunFilesHere& files, const NamedTensors& model,
                           Summary& summary, std::string& at);

/// The digests of a finished run's files. Throws FileError.
DurableResult found_result(const std::string& folder);

/// On standard output the result as a table, or with `json` as one JSON object.
void show_result(const Summary& summary, const std::string& folder, bool json);

}  // namespace muster::inline engine

#pragma once

#include "muster/app/engine/training.h"
#include "muster/train/run_folder.h"
#include "muster/train/run_record.h"
#include "muster/train/safetensors.h"

namespace muster {

/// What a finished run leaves: model.safetensors and summary.json in its folder, and on standard output the
/// result as a table, or with `json` as one JSON object. The summary comes last, when metrics and model are
/// on the disk, and holds their digests. Throws FileError.
void write_result(Training& training, const RunFolder& folder, const NamedTensors& model,
                  const RunRecord& record, bool json);

}  // namespace muster

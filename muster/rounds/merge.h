#pragma once

#include <vector>

#include "muster/base/thread_pool.h"
#include "muster/flat/vector.h"

namespace muster::inline rounds {

/// What a worker does with the new anchor when it has made local steps since the meeting began. All vectors
/// are flat, of the anchor's size and type.

/// Keeps all of these steps: own_k <- anchor + (own_k - snapshot_k), the snapshot being what the worker
/// brought to the meeting. CoCoD-SGD (Shen, Xu, Liu, Chen, Cheng, IJCAI 2019); the workers' mean is then as
/// if the outcome had come at once and the same local steps had followed.
void merge_corrected(const std::vector<Vector>& own, const std::vector<Vector>& snapshots,
                     const Vector& anchor, ThreadPool& pool);

/// Moves the worker towards the anchor: own_k <- share own_k + (1 - share) anchor. Streaming DiLoCo
/// (Douillard et al. 2025, arXiv 2501.18512), whose alpha is the share.
void merge_blend(const std::vector<Vector>& own, const Vector& anchor, double share, ThreadPool& pool);

}  // namespace muster::inline rounds

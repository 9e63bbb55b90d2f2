#include "muster/rounds/merge_kernel.h"

#include "muster/base/clones.h"

namespace muster::kernel {

namespace {

template <class T>
[[gnu::always_inline]] inline void corrected(T* __restrict own, const T* __restrict snapshot,
                                             const T* __restrict anchor, int64_t size) {
  for (int64_t i = 0; i < size; ++i) own[i] = anchor[i] + (own[i] - snapshot[i]);
}

template <class T>
[[gnu::always_inline]] inline void blend(T* __restrict own, const T* __restrict anchor, double share,
                                         int64_t size) {
  const T mine = static_cast<T>(share), theirs = static_cast<T>(1 - share);
  for (int64_t i = 0; i < size; ++i) own[i] = mine * own[i] + theirs * anchor[i];
}

}  // namespace

MUSTER_CLONES void merge_corrected(float* own, const float* snapshot, const float* anchor, int64_t size) {
  corrected(own, snapshot, anchor, size);
}
MUSTER_CLONES void merge_corrected(double* own, const double* snapshot, const double* anchor, int64_t size) {
  corrected(own, snapshot, anchor, size);
}
MUSTER_CLONES void merge_blend(float* own, const float* anchor, double share, int64_t size) {
  blend(own, anchor, share, size);
}
MUSTER_CLONES void merge_blend(double* own, const double* anchor, double share, int64_t size) {
  blend(own, anchor, share, size);
}

}  // namespace muster::kernel

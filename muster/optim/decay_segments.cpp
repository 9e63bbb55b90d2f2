#include "muster/optim/decay_segments.h"

namespace muster::inline optim {

std::vector<DecaySegment> decay_segments(const Layout& layout, bool decay_norm_and_bias) {
  std::vector<DecaySegment> segments;
  for (const Piece& piece : layout.pieces()) {
    if (piece.size == 0) continue;
    const bool decayed = decay_norm_and_bias || !piece.norm_or_bias;
    if (!segments.empty() && segments.back().decayed == decayed)
      segments.back().size += piece.size;
    else
      segments.push_back({piece.offset, piece.size, decayed});
  }
  return segments;
}

}  // namespace muster::inline optim

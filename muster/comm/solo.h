#pragma once

#include "muster/comm/communicator.h"

namespace muster::inline comm {

/// A group of one: every operation is done when it starts, and a mean leaves its vector as it is.
class Solo final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override;
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override;
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override;
  void broadcast(Vector& vector, int root) override;
};

}  // namespace muster::inline comm

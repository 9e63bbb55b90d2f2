#pragma once

#include "muster/comm/communicator.h"

namespace muster {

/// A group of one: every operation is done when it starts, and a mean leaves its vector as it is.
class Solo final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::unique_ptr<Pending> start_mean(const at::Tensor& vector, at::Tensor& mean) override;
  std::unique_ptr<Pending> start_exchange(const std::vector<at::Tensor>& parts,
                                          std::vector<at::Tensor>& received) override;
  std::unique_ptr<Pending> start_gather(const at::Tensor& part, std::vector<at::Tensor>& received) override;
  void broadcast(at::Tensor& vector, int root) override;
};

}  // namespace muster

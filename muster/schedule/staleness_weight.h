#pragma once

#include <cstdint>
#include <memory>
#include <optional>

namespace muster::inline schedule {

struct StalenessWeightOptions {
  double weight = 1;                   ///< async.weight, > 0: of a fresh contribution
  double power = 0;                    ///< async.staleness_power, a >= 0; 0: staleness plays no part
  std::optional<int64_t> threshold{};  ///< async.staleness_threshold, >= 0: staler ones are dropped
  /// Throws OptionError.
  void validate() const;
};

/// The weight of a contribution. Staleness: versions between the one it started from and the present one.
class StalenessWeight {
 public:
  virtual ~StalenessWeight() = default;
  /// The weight, >= 0; 0: the contribution is dropped. REQUIRES: staleness >= 0.
  virtual double of(int64_t staleness) const = 0;
};

/// weight x (1 + staleness)^-power (Xie, Koyejo, Gupta, "Asynchronous Federated Optimization", 2019; in Liu
/// et al. 2024 with power 0.5), 0 beyond the threshold.
class PolynomialWeight final : public StalenessWeight {
 public:
  /// Throws OptionError.
  explicit PolynomialWeight(const StalenessWeightOptions& options);
  double of(int64_t staleness) const override;

 private:
  StalenessWeightOptions options_;
};

}  // namespace muster::inline schedule

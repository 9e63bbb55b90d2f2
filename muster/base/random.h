#pragma once

#include <array>
#include <cstdint>

namespace muster::inline base {

/// What a random stream is for: streams of different purposes are independent.
enum class Purpose : uint32_t {
  initialisation = 1,
  data_order = 2,
  augmentation = 3,
  dropout = 4,
  quantisation = 5,
  generated_data = 6,
  statistics = 7,
  test = 8,
  partition = 9,
  mixing = 10,
  text_sampling = 11,
  shard_choice = 12,
  device_speed = 13,
  disturbance = 15,
  slow_sde = 16,
  probe = 17,
  label_noise = 18,
};

/// Names one random stream. Streams are functions of their key, never of what was drawn before, so that
/// resuming a run or dividing it over processes needs no saved generator.
struct RandomKey {
  uint64_t seed = 0;
  Purpose purpose = Purpose::test;
  uint64_t a = 0;  ///< e.g. epoch or worker
  uint64_t b = 0;  ///< e.g. sample or step
};

/// Counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1,
/// 2, 3", SC 2011). Integers are the same on every machine.
class RandomStream {
 public:
  /// The stream from its block `first_block` on: a block is four words of next_u32().
  explicit RandomStream(const RandomKey& key, uint32_t first_block = 0);

  uint32_t next_u32();
  uint64_t next_u64() { return (uint64_t{next_u32()} << 32) | next_u32(); }
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Standard normal (Box-Muller).
  double normal();
  /// Uniform in [0, bound), without bias. REQUIRES: bound > 0.
  uint64_t below(uint64_t bound);

 private:
  void refill();

  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0;
};

/// One Philox4x32-10 block; public for the test against the published vectors.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

}  // namespace muster::inline base

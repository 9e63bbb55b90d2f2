#pragma once

namespace muster::inline task {

/// True where the processor multiplies bf16 numbers itself (avx512_bf16, or AMX). Without it bf16 is slower
/// than fp32.
bool processor_has_bf16();

/// How many times as fast a product of two matrices is in bf16 as in fp32, here, measured in some 10 ms by
/// one thread. Above 2 with AMX; below 1 where one bf16 instruction takes as long as four of fp32 (Intel's
/// servers without AMX). REQUIRES processor_has_bf16().
double bf16_speed_up();

/// While it lives, this thread's matrix products and convolutions read and write bf16 (torch's autocast);
/// parameters and gradients stay fp32. `enabled` false: nothing changes.
class Bf16Scope {
 public:
  explicit Bf16Scope(bool enabled);
  ~Bf16Scope();
  Bf16Scope(const Bf16Scope&) = delete;
  Bf16Scope& operator=(const Bf16Scope&) = delete;

 private:
  bool enabled_;
};

}  // namespace muster::inline task

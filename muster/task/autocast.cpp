#include "muster/task/autocast.h"

#include <ATen/autocast_mode.h>
#include <cpuid.h>

namespace muster {

// CPUID leaf 7: subleaf 0 EDX bit 22 is AMX_BF16, subleaf 1 EAX bit 5 is AVX512_BF16.
bool processor_has_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & (1U << 22)) != 0) return true;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0) return false;
  return (a & (1U << 5)) != 0;
}

Bf16Scope::Bf16Scope(bool enabled) : enabled_(enabled) {
  if (!enabled_) return;
  at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(true);
  at::autocast::increment_nesting();
}

// The last scope of a thread drops the copies of weights that autocast keeps.
Bf16Scope::~Bf16Scope() {
  if (!enabled_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_cpu_enabled(false);
}

}  // namespace muster

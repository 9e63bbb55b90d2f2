#include "muster/task/models/autocast.h"

#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <cpuid.h>

#include <algorithm>
#include <chrono>

namespace muster::inline task {

namespace {

constexpr int64_t rows = 512;  // of the square matrices that speed is measured with

// The shortest of a few products; the first is not counted.
double seconds_of_product(at::ScalarType type) {
  const at::Tensor a = at::ones({rows, rows}, type), b = at::ones({rows, rows}, type);
  at::Tensor product = at::mm(a, b);
  double shortest = 1e9;
  for (int i = 0; i < 4; ++i) {
    const auto start = std::chrono::steady_clock::now();
    at::mm_out(product, a, b);
    shortest =
        std::min(shortest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return shortest;
}

}  // namespace

// CPUID leaf 7: subleaf 0 EDX bit 22 is AMX_BF16, subleaf 1 EAX bit 5 is AVX512_BF16.
bool processor_has_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & (1U << 22)) != 0) return true;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0) return false;
  return (a & (1U << 5)) != 0;
}

double bf16_speed_up() { return seconds_of_product(at::kFloat) / seconds_of_product(at::kBFloat16); }

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

}  // namespace muster::inline task

#include "muster/libtorch/kernel_threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <initializer_list>

namespace muster::inline libtorch {

namespace {

// Looked up by name: which BLAS and OpenMP LibTorch brings is known only at run time.
void call_if_loaded(const char* symbol) {
  if (void* address = ::dlsym(RTLD_DEFAULT, symbol)) reinterpret_cast<void (*)(int)>(address)(1);
}

}  // namespace

void use_single_threaded_kernels() {
  at::set_num_threads(1);
  for (const char* symbol : {"openblas_set_num_threads", "MKL_Set_Num_Threads", "omp_set_num_threads"})
    call_if_loaded(symbol);
}

void use_single_threaded_kernels_here() {
  at::init_num_threads();
  call_if_loaded("omp_set_num_threads");
}

}  // namespace muster::inline libtorch

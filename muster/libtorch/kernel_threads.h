#pragma once

namespace muster::inline libtorch {

/// Makes every numeric kernel (ATen, OpenMP, OpenBLAS, MKL) single-threaded, so that the worker threads are
/// the only parallelism and the bits of a product do not depend on the number of cores. Call before the
/// thread pool exists.
void use_single_threaded_kernels();

/// The same for the calling thread, where libraries keep a number for each thread: the pool's on_start.
void use_single_threaded_kernels_here();

}  // namespace muster::inline libtorch

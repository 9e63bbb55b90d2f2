#pragma once

#include <cstdint>

namespace muster::inline task {

/// A row-major matrix inside a larger one.
template <class T>
struct Matrix {
  T* data;
  int64_t stride;  ///< elements from one row to the next
};

enum class Product { plain, transpose_first, transpose_second };

/// c (rows x columns) = a b + beta c, over `inner` terms; a^T b or a b^T where `form` says so. BLAS's gemm,
/// called directly where the program has it: the product of a head is so small that ATen's overhead would be
/// a good part of its time.
void multiply(Product form, int64_t rows, int64_t columns, int64_t inner, Matrix<const float> a,
              Matrix<const float> b, float beta, Matrix<float> c);
void multiply(Product form, int64_t rows, int64_t columns, int64_t inner, Matrix<const double> a,
              Matrix<const double> b, double beta, Matrix<double> c);

}  // namespace muster::inline task

#include "muster/task/models/attention_product.h"

#include <ATen/Functions.h>
#include <dlfcn.h>

namespace muster::inline task {

namespace {

template <class T>
using Gemm = void (*)(const char*, const char*, const int*, const int*, const int*, const T*, const T*,
                      const int*, const T*, const int*, const T*, T*, const int*);

// Which BLAS LibTorch brought with it is only known at run time; some builds hide it.
template <class T>
Gemm<T> find_gemm(const char* symbol) {
  return reinterpret_cast<Gemm<T>>(::dlsym(RTLD_DEFAULT, symbol));
}

template <class T>
at::Tensor view_of_matrix(Matrix<T> matrix, int64_t rows, int64_t columns) {
  using Plain = std::remove_const_t<T>;
  return at::from_blob(const_cast<Plain*>(matrix.data), {rows, columns}, {matrix.stride, 1},
                       at::TensorOptions().dtype(c10::CppTypeToScalarType<Plain>::value));
}

template <class T>
void multiply_by_aten(Product form, int64_t rows, int64_t columns, int64_t inner, Matrix<const T> a,
                      Matrix<const T> b, T beta, Matrix<T> c) {
  const at::Tensor first =
      form == Product::transpose_first ? view_of_matrix(a, inner, rows).t() : view_of_matrix(a, rows, inner);
  const at::Tensor second = form == Product::transpose_second ? view_of_matrix(b, columns, inner).t()
                                                              : view_of_matrix(b, inner, columns);
  at::Tensor result = view_of_matrix(c, rows, columns);
  if (beta == T(0))
    result.copy_(at::mm(first, second));
  else
    result.addmm_(first, second, beta);
}

// BLAS counts by columns, where a row-major matrix is its own transpose: c^T = b^T a^T.
template <class T>
void multiply_as(Gemm<T> gemm, Product form, int64_t rows, int64_t columns, int64_t inner, Matrix<const T> a,
                 Matrix<const T> b, T beta, Matrix<T> c) {
  if (gemm == nullptr) return multiply_by_aten(form, rows, columns, inner, a, b, beta, c);
  const char* const first = form == Product::transpose_second ? "T" : "N";
  const char* const second = form == Product::transpose_first ? "T" : "N";
  const int m = static_cast<int>(columns), n = static_cast<int>(rows), k = static_cast<int>(inner);
  const int lda = static_cast<int>(b.stride), ldb = static_cast<int>(a.stride),
            ldc = static_cast<int>(c.stride);
  const T one = 1;
  gemm(first, second, &m, &n, &k, &one, b.data, &lda, a.data, &ldb, &beta, c.data, &ldc);
}

}  // namespace

void multiply(Product form, int64_t rows, int64_t columns, int64_t inner, Matrix<const float> a,
              Matrix<const float> b, float beta, Matrix<float> c) {
  static const auto gemm = find_gemm<float>("sgemm_");
  multiply_as(gemm, form, rows, columns, inner, a, b, beta, c);
}

void multiply(Product form, int64_t rows, int64_t columns, int64_t inner, Matrix<const double> a,
              Matrix<const double> b, double beta, Matrix<double> c) {
  static const auto gemm = find_gemm<double>("dgemm_");
  multiply_as(gemm, form, rows, columns, inner, a, b, beta, c);
}

}  // namespace muster::inline task

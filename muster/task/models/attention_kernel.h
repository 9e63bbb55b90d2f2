#pragma once

#include <cstdint>

namespace muster::kernel {

// A block of causal attention: `rows` queries, the first of them at place `first`, against the keys 0 ...
// first + rows - 1. Row r attends to its first first + r + 1 columns; the others are zero in every result.
// Matrices are row by row, columns = first + rows wide.

/// scores (products of queries and keys) -> softmax(scale x scores); log_sums[r] = log sum exp of row r.
void causal_softmax(float* scores, int64_t rows, int64_t first, float scale, float* log_sums);
void causal_softmax(double* scores, int64_t rows, int64_t first, double scale, double* log_sums);

/// The same weights again, from the log sums.
void causal_weights(float* scores, int64_t rows, int64_t first, float scale, const float* log_sums);
void causal_weights(double* scores, int64_t rows, int64_t first, double scale, const double* log_sums);

/// gradient (of the weights) -> of the products: scale x weight x (gradient - dot), where dots[r] is the sum
/// of weight x gradient over row r.
void causal_softmax_backward(float* gradient, const float* weights, int64_t rows, int64_t first, float scale,
                             const float* dots);
void causal_softmax_backward(double* gradient, const double* weights, int64_t rows, int64_t first,
                             double scale, const double* dots);

/// Inner product of two vectors.
float inner_product(const float* a, const float* b, int64_t size);
double inner_product(const double* a, const double* b, int64_t size);

}  // namespace muster::kernel

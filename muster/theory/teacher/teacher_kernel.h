#pragma once

#include <cstdint>

namespace muster::kernel {

/// A teacher f*(x) = sum_h out_h tanh(sum_i weight_ih x_i), 10 inputs and 8 units, and a student of the same
/// form with 16 units and biases: 193 parameters. Rows of 16 numbers, weights by input:
///   student: 10 rows of weights, biases, outputs, and a last row whose first number is the output's bias;
///   the rest of it stays 0. teacher: 10 rows of 8 weights, then 8 outputs.
inline constexpr int64_t teacher_inputs = 10, teacher_units = 8, student_units = 16;
inline constexpr int64_t student_parameters = (teacher_inputs + 2) * student_units + 1;
inline constexpr int64_t student_size = (teacher_inputs + 3) * student_units;

/// outputs[s] = f*(x_s), x_s the 10 numbers from inputs[10 s].
void teacher_outputs(const double* teacher, const double* inputs, int64_t samples, double* outputs);

/// The same for a student: outputs[s] = f(x_s).
void student_outputs(const double* student, const double* inputs, int64_t samples, double* outputs);

/// gradient <- the gradient of the mean over the samples of (f(x) - label)^2 / 2.
void student_gradient(const double* student, const double* inputs, const double* labels, int64_t samples,
                      double* gradient);

/// student -= rate gradient
void student_step(double* student, const double* gradient, double rate);

/// mean <- the mean over the workers, whose parameters are students[k student_size + j], summed in their
/// order. Returns the mean over the workers of the squared distance to it.
double student_spread(const double* students, int64_t workers, double* mean);

/// QSGD with b bits, the sign included: s = 2^(b-1) - 1 levels of the largest magnitude of each `bucket`
/// consecutive parameters, rounded up with probability (level - floor): the arithmetic of
/// muster/comm/codec/qsgd_codec.h in double. Draws from `key` by counter, beginning with `counter`.
void quantise_student(double* gradient, int bits, int64_t bucket, uint64_t key, uint64_t counter);

}  // namespace muster::kernel

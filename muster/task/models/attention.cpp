#include "muster/task/models/attention.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "muster/base/error.h"
#include "muster/task/models/attention_kernel.h"
#include "muster/task/models/attention_product.h"
#include "muster/task/models/rotary.h"

namespace muster::inline task {

namespace {

constexpr int64_t block_rows = 64;  // queries at a time: the weights of a block stay in the cache

struct Shape {
  int64_t batch, places, heads, width;
  int64_t inner() const { return heads * width; }
  int64_t block() const { return std::min(places, block_rows); }
  double scale() const { return 1.0 / std::sqrt(static_cast<double>(width)); }
};

Shape shape_of(const at::Tensor& qkv, int64_t heads) {
  return {qkv.size(0), qkv.size(1), heads, qkv.size(2) / (3 * heads)};
}

// Queries, keys and values of one head of one sample (or their gradients).
template <class T>
struct Head {
  Matrix<T> queries, keys, values;
};

template <class T>
Head<T> head_of(T* qkv, const Shape& s, int64_t sample, int64_t head) {
  const int64_t row = 3 * s.inner();
  T* const start = qkv + sample * s.places * row + head * s.width;
  return {{start, row}, {start + s.inner(), row}, {start + 2 * s.inner(), row}};
}

template <class T>
Matrix<T> rows_from(Matrix<T> matrix, int64_t first) {
  return {matrix.data + first * matrix.stride, matrix.stride};
}

template <class T>
void forward_head(const Head<const T>& in, const Shape& s, Matrix<T> out, T* log_sums, T* scores) {
  for (int64_t first = 0; first < s.places; first += s.block()) {
    const int64_t rows = std::min(s.block(), s.places - first), columns = first + rows;
    const Matrix<T> weights{scores, columns};
    multiply(Product::transpose_second, rows, columns, s.width, rows_from(in.queries, first), in.keys, T(0),
             weights);
    kernel::causal_softmax(scores, rows, first, static_cast<T>(s.scale()), log_sums + first);
    multiply(Product::plain, rows, s.width, columns, {scores, columns}, in.values, T(0),
             rows_from(out, first));
  }
}

// `gradient` belongs to the head's output `out`; `into` collects those of queries (overwritten), keys and
// values (added).
template <class T>
void backward_head(const Head<const T>& in, const Shape& s, Matrix<const T> out, Matrix<const T> gradient,
                   const T* log_sums, T* scratch, const Head<T>& into) {
  T* const weights = scratch;
  T* const slopes = scratch + s.block() * s.places;
  std::vector<T> dots(static_cast<size_t>(s.block()));
  const T scale = static_cast<T>(s.scale());
  for (int64_t first = 0; first < s.places; first += s.block()) {
    const int64_t rows = std::min(s.block(), s.places - first), columns = first + rows;
    const auto queries = rows_from(in.queries, first);
    const auto above = rows_from(gradient, first);
    for (int64_t r = 0; r < rows; ++r)
      dots[static_cast<size_t>(r)] =
          kernel::inner_product(rows_from(above, r).data, rows_from(out, first + r).data, s.width);
    multiply(Product::transpose_second, rows, columns, s.width, queries, in.keys, T(0), {weights, columns});
    kernel::causal_weights(weights, rows, first, scale, log_sums + first);
    multiply(Product::transpose_first, columns, s.width, rows, {weights, columns}, above, T(1), into.values);
    multiply(Product::transpose_second, rows, columns, s.width, above, in.values, T(0), {slopes, columns});
    kernel::causal_softmax_backward(slopes, weights, rows, first, scale, dots.data());
    multiply(Product::plain, rows, s.width, columns, {slopes, columns}, in.keys, T(0),
             rows_from(into.queries, first));
    multiply(Product::transpose_first, columns, s.width, rows, {slopes, columns}, queries, T(1), into.keys);
  }
}

template <class T>
void forward_all(const at::Tensor& qkv, const Shape& s, at::Tensor& out, at::Tensor& log_sums) {
  at::Tensor scores = at::empty({s.block() * s.places}, qkv.options());
  for (int64_t sample = 0; sample < s.batch; ++sample)
    for (int64_t head = 0; head < s.heads; ++head)
      forward_head<T>(head_of<const T>(qkv.data_ptr<T>(), s, sample, head), s,
                      {out.data_ptr<T>() + sample * s.places * s.inner() + head * s.width, s.inner()},
                      log_sums.data_ptr<T>() + (sample * s.heads + head) * s.places, scores.data_ptr<T>());
}

template <class T>
void backward_all(const at::Tensor& qkv, const Shape& s, const at::Tensor& out, const at::Tensor& log_sums,
                  const at::Tensor& gradient, at::Tensor& into) {
  at::Tensor scratch = at::empty({2 * s.block() * s.places}, qkv.options());
  for (int64_t sample = 0; sample < s.batch; ++sample)
    for (int64_t head = 0; head < s.heads; ++head) {
      const int64_t at = sample * s.places * s.inner() + head * s.width;
      backward_head<T>(head_of<const T>(qkv.data_ptr<T>(), s, sample, head), s,
                       {out.data_ptr<T>() + at, s.inner()}, {gradient.data_ptr<T>() + at, s.inner()},
                       log_sums.data_ptr<T>() + (sample * s.heads + head) * s.places, scratch.data_ptr<T>(),
                       head_of<T>(into.data_ptr<T>(), s, sample, head));
    }
}

at::ScalarType computing_type(at::ScalarType type) { return type == at::kDouble ? at::kDouble : at::kFloat; }

// Not a Tensor by itself: autograd would take it for an input.
struct Setting {
  int64_t heads;
  at::Tensor rotary_table;  // may be undefined
};

// Pairs (2i, 2i + 1) turned by their angles, as rotate() does.
at::Tensor turned_pairs(const at::Tensor& x, const at::Tensor& table) {
  const at::Tensor pairs = x.unflatten(-1, {-1, 2}),
                   angles = table.narrow(0, 0, x.size(2)).unflatten(-1, {-1, 2});
  const at::Tensor cosine = angles.select(-1, 0), sine = angles.select(-1, 1);
  const at::Tensor first = pairs.select(-1, 0), second = pairs.select(-1, 1);
  return at::stack({first * cosine - second * sine, first * sine + second * cosine}, -1).flatten(-2);
}

// softmax(q k^T / sqrt(width)) v, where a query attends only to its own place and earlier ones.
at::Tensor plain_attention(const at::Tensor& qkv, int64_t heads, const at::Tensor& table) {
  const int64_t batch = qkv.size(0), places = qkv.size(1), width = qkv.size(2) / (3 * heads);
  const at::Tensor parts = qkv.view({batch, places, 3, heads, width}).permute({2, 0, 3, 1, 4});
  at::Tensor query = parts[0], key = parts[1];
  if (table.defined()) query = turned_pairs(query, table), key = turned_pairs(key, table);
  const at::Tensor later = at::ones({places, places}, qkv.options().dtype(at::kBool)).triu(1);
  const at::Tensor scores = at::matmul(query, key.transpose(-2, -1)) / std::sqrt(static_cast<double>(width));
  const at::Tensor weights = scores.masked_fill(later, -std::numeric_limits<double>::infinity()).softmax(-1);
  return at::matmul(weights, parts[2]).transpose(1, 2).reshape({batch, places, heads * width});
}

struct CausalAttention : torch::autograd::Function<CausalAttention> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& given,
                            const Setting& setting) {
    const auto& [heads, table] = setting;
    at::Tensor qkv = given.to(computing_type(given.scalar_type())).contiguous();
    if (table.defined()) {
      if (qkv.is_same(given)) qkv = qkv.clone();
      rotate(qkv, heads, table, Turn::forth);
    }
    const Shape s = shape_of(qkv, heads);
    at::Tensor out = at::empty({s.batch, s.places, s.inner()}, qkv.options());
    at::Tensor log_sums = at::empty({s.batch, s.heads, s.places}, qkv.options());
    if (qkv.scalar_type() == at::kDouble)
      forward_all<double>(qkv, s, out, log_sums);
    else
      forward_all<float>(qkv, s, out, log_sums);
    context->save_for_backward({qkv, out, log_sums, given});
    if (table.defined()) context->saved_data["table"] = table;
    context->saved_data["heads"] = heads;
    return out.to(given.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    if (at::GradMode::is_enabled()) return {differentiable_gradient(context, saved[3], gradients[0]), {}};
    const at::Tensor &qkv = saved[0], &out = saved[1], &log_sums = saved[2];
    const Shape s = shape_of(qkv, context->saved_data["heads"].toInt());
    const at::Tensor gradient = gradients[0].to(qkv.scalar_type()).contiguous();
    at::Tensor into = at::zeros(qkv.sizes(), qkv.options());
    if (qkv.scalar_type() == at::kDouble)
      backward_all<double>(qkv, s, out, log_sums, gradient, into);
    else
      backward_all<float>(qkv, s, out, log_sums, gradient, into);
    const auto table = context->saved_data.find("table");
    if (table != context->saved_data.end()) rotate(into, s.heads, table->second.toTensor(), Turn::back);
    return {into.to(gradients[0].scalar_type()), {}};
  }

  // The same by operations that can be differentiated once more: the rows of weights stand in memory at once.
  static at::Tensor differentiable_gradient(torch::autograd::AutogradContext* context,
                                            const at::Tensor& given, const at::Tensor& gradient) {
    const auto table = context->saved_data.find("table");
    const int64_t heads = context->saved_data["heads"].toInt();
    const bool turned = table != context->saved_data.end();
    const at::Tensor out = plain_attention(given, heads, turned ? table->second.toTensor() : at::Tensor());
    return torch::autograd::grad({out}, {given}, {gradient}, true, true)[0];
  }
};

}  // namespace

at::Tensor causal_attention(const at::Tensor& qkv, int64_t heads, const at::Tensor& rotary_table) {
  invariant(qkv.dim() == 3 && heads >= 1 && qkv.size(2) % (3 * heads) == 0, "attention of another shape");
  RECORD_FUNCTION("muster::causal_attention", std::vector<c10::IValue>{qkv});
  return CausalAttention::apply(qkv, Setting{heads, rotary_table});
}

}  // namespace muster::inline task

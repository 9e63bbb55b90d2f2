#include "muster/task/models/text_generator.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/gpt_module.h"

namespace muster::inline task {

void ChoiceOptions::validate() const {
  if (!(temperature >= 0) || !std::isfinite(temperature))
    throw OptionError("--temperature", format_number(temperature), "must be 0 or more");
  if (top_k < 0) throw OptionError("--top_k", std::to_string(top_k), "must be 0 (all tokens) or more");
}

int64_t choose_token(const at::Tensor& logits, const ChoiceOptions& options, RandomStream& stream) {
  const at::Tensor values = logits.to(at::kDouble).contiguous();
  const double* const of = values.data_ptr<double>();
  std::vector<int64_t> order(static_cast<size_t>(values.numel()));
  std::iota(order.begin(), order.end(), 0);
  const auto likelier = [of](int64_t a, int64_t b) { return of[a] != of[b] ? of[a] > of[b] : a < b; };
  if (options.temperature == 0) return *std::min_element(order.begin(), order.end(), likelier);
  if (options.top_k > 0 && options.top_k < values.numel()) {
    std::partial_sort(order.begin(), order.begin() + options.top_k, order.end(), likelier);
    order.resize(static_cast<size_t>(options.top_k));
  }
  double top = of[order[0]];
  for (const int64_t token : order) top = std::max(top, of[token]);
  std::vector<double> running;
  double sum = 0;
  for (const int64_t token : order)
    running.push_back(sum += std::exp((of[token] - top) / options.temperature));
  const auto at = std::upper_bound(running.begin(), running.end(), sum * stream.uniform()) - running.begin();
  return order[std::min(static_cast<size_t>(at), order.size() - 1)];
}

struct TextGenerator::Parts {
  explicit Parts(const GptShape& shape) : module(shape) {}
  GptModule module;
  Layout layout;
  at::Tensor weights;
  std::vector<int64_t> context;  // tokens in the memory
  GptMemory memory;
};

// Names as in the files that make_nn_model's models are saved to.
TextGenerator::TextGenerator(const GptShape& shape) {
  shape.validate();
  const torch::NoGradGuard no_grad;
  parts_ = std::make_unique<Parts>(shape);
  std::vector<at::Tensor> all;
  for (const auto& item : parts_->module.named_parameters()) {
    parts_->layout.add(item.key(), item.value().sizes().vec(), item.value().dim() <= 1);
    all.push_back(item.value());
  }
  parts_->weights = flat_tensor(parts_->layout.size());
  for (size_t i = 0; i < all.size(); ++i)
    all[i].set_data(view_of(parts_->weights, parts_->layout.pieces()[i]));
}

TextGenerator::~TextGenerator() = default;
TextGenerator::TextGenerator(TextGenerator&&) noexcept = default;
int64_t TextGenerator::vocabulary() const { return parts_->module.shape().vocabulary; }
const Layout& TextGenerator::parameters() const { return parts_->layout; }
at::Tensor& TextGenerator::weights() { return parts_->weights; }

at::Tensor TextGenerator::read(std::span<const int64_t> tokens) {
  invariant(!tokens.empty(), "a text generator was given nothing to read");
  const torch::NoGradGuard no_grad;
  std::vector<int64_t>& context = parts_->context;
  const auto room = static_cast<size_t>(parts_->module.shape().context);
  const bool appends = tokens.size() == 1 && context.size() < room && !context.empty();
  context.insert(context.end(), tokens.begin(), tokens.end());
  if (appends) return parts_->module.read(at::full({1, 1}, tokens[0], at::kLong), parts_->memory);
  if (context.size() > room)
    context.erase(context.begin(), context.end() - static_cast<int64_t>((room + 1) / 2));
  parts_->memory = {};
  const at::Tensor anew = at::empty({1, static_cast<int64_t>(context.size())}, at::kLong);
  std::copy(context.begin(), context.end(), anew.data_ptr<int64_t>());
  return parts_->module.read(anew, parts_->memory);
}

}  // namespace muster::inline task

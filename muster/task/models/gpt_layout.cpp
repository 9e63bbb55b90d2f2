#include "muster/task/models/gpt_layout.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

using Tensors = std::map<std::string, at::Tensor>;

constexpr std::string_view prefix = "transformer.";
constexpr const char* embedding_name = "transformer.wte.weight";
constexpr const char* head_name = "lm_head.weight";

bool is_linear(std::string_view name) {
  constexpr std::array layers = {".attn.c_attn.weight", ".attn.c_proj.weight", ".mlp.c_fc.weight",
                                 ".mlp.c_proj.weight"};
  for (const std::string_view layer : layers)
    if (name.ends_with(layer)) return true;
  return false;
}

std::string with_shape(const std::string& name, const at::Tensor& tensor) {
  return fmt::format("'{}' [{}]", name, fmt::join(tensor.sizes(), ", "));
}

void add_prefix(const std::string& path, Tensors& tensors, FoundGpt& found) {
  found.prefix = tensors.count(embedding_name) > 0;
  if (found.prefix) {
    if (tensors.count("wte.weight") > 0)
      throw DataError(fmt::format("'{}' has a tensor 'wte.weight' and a '{}': it holds two models", path,
                                  embedding_name));
    return;
  }
  Tensors named;
  for (auto& [name, tensor] : tensors)
    named.emplace(name == head_name ? name : std::string(prefix) + name, std::move(tensor));
  tensors = std::move(named);
}

bool is_causal(const at::Tensor& mask) {
  if (mask.dim() < 2 || mask.numel() != mask.size(-1) * mask.size(-2)) return false;
  const at::Tensor square = mask.reshape({mask.size(-2), mask.size(-1)}).to(at::kFloat);
  return at::equal(square, at::ones_like(square).tril());
}

// Older versions of Transformers wrote the mask of attention and the number that stands for minus infinity.
void leave_out_masks(const std::string& path, Tensors& tensors, FoundGpt& found) {
  for (auto item = tensors.begin(); item != tensors.end();) {
    const bool mask = item->first.ends_with(".attn.bias");
    if (mask && !is_causal(item->second))
      throw DataError(
          fmt::format("'{}': the mask {} is not the causal one (ones up to the diagonal), the "
                      "only one that this program computes with",
                      path, with_shape(item->first, item->second)));
    const bool leave_out = mask || item->first.ends_with(".attn.masked_bias");
    found.masks += leave_out ? 1 : 0;
    item = leave_out ? tensors.erase(item) : std::next(item);
  }
}

// The layout of a weight, by its bias, whose length is the number of outputs; nothing where it is square.
std::optional<LinearLayout> layout_of(const std::string& path, const Tensors& tensors,
                                      const std::string& name, const at::Tensor& weight) {
  std::string bias_name = name;
  bias_name.replace(bias_name.size() - 6, 6, "bias");
  const auto bias = tensors.find(bias_name);
  if (bias == tensors.end() || bias->second.dim() != 1)
    throw DataError(fmt::format("'{}' has no bias '{}' for '{}'", path, bias_name, name));
  const int64_t outputs = bias->second.size(0);
  if (weight.dim() == 2 && weight.size(0) == outputs && weight.size(1) == outputs) return std::nullopt;
  if (weight.dim() == 2 && weight.size(0) == outputs) return LinearLayout::outputs_inputs;
  if (weight.dim() == 2 && weight.size(1) == outputs) return LinearLayout::inputs_outputs;
  throw DataError(fmt::format("'{}': the weight {} does not fit its bias {}", path, with_shape(name, weight),
                              with_shape(bias_name, bias->second)));
}

void find_layout(const std::string& path, const Tensors& tensors, std::optional<LinearLayout> declared,
                 FoundGpt& found) {
  std::string first;
  for (const auto& [name, tensor] : tensors) {
    if (!is_linear(name)) continue;
    const auto layout = layout_of(path, tensors, name, tensor);
    ++(layout ? found.deciding : found.following);
    if (!layout) continue;
    if (declared && *layout != *declared)
      throw DataError(fmt::format("'{}': its metadata have linear_layout = {}, but the weight {} is {}", path,
                                  name_of(*declared), with_shape(name, tensor), name_of(*layout)));
    if (!first.empty() && *layout != found.layout)
      throw DataError(
          fmt::format("'{}': the weight {} is {}, but {} is {}; write the file again with one "
                      "layout for all",
                      path, with_shape(first, tensors.at(first)), name_of(found.layout),
                      with_shape(name, tensor), name_of(*layout)));
    found.layout = *layout;
    first = name;
  }
  if (first.empty()) found.layout = declared.value_or(LinearLayout::outputs_inputs);
}

}  // namespace

std::string_view name_of(LinearLayout layout) {
  return layout == LinearLayout::outputs_inputs ? "outputs x inputs" : "inputs x outputs";
}

LinearLayout linear_layout_named(const std::string& path, std::string_view name) {
  for (const LinearLayout layout : {LinearLayout::outputs_inputs, LinearLayout::inputs_outputs})
    if (name == name_of(layout)) return layout;
  throw DataError(
      fmt::format("'{}': its metadata have linear_layout = '{}', which is neither 'outputs x "
                  "inputs' nor 'inputs x outputs'",
                  path, name));
}

bool holds_gpt(const std::map<std::string, at::Tensor>& tensors) {
  for (const char* name : {embedding_name, "wte.weight"}) {
    const auto found = tensors.find(name);
    if (found != tensors.end() && found->second.dim() == 2) return true;
  }
  return false;
}

FoundGpt take_gpt(const std::string& path, std::map<std::string, at::Tensor>& tensors,
                  std::optional<LinearLayout> declared) {
  FoundGpt found;
  add_prefix(path, tensors, found);
  leave_out_masks(path, tensors, found);
  find_layout(path, tensors, declared, found);
  if (found.layout == LinearLayout::inputs_outputs)
    for (auto& [name, tensor] : tensors)
      if (is_linear(name)) tensor = tensor.t().contiguous();
  const auto head = tensors.find(head_name);
  if (head != tensors.end()) {
    const at::Tensor& embedding = tensors.at(embedding_name);
    found.equal_head = at::equal(head->second.to(embedding.scalar_type()), embedding);
    found.other_head = !found.equal_head;
  }
  return found;
}

std::vector<std::pair<std::string, at::Tensor>> as_transformers_gpt(
    const std::vector<std::pair<std::string, at::Tensor>>& tensors, bool with_prefix) {
  std::vector<std::pair<std::string, at::Tensor>> converted;
  for (const auto& [name, tensor] : tensors) {
    const bool strip = !with_prefix && name.starts_with(prefix);
    converted.emplace_back(strip ? name.substr(prefix.size()) : name, is_linear(name) ? tensor.t() : tensor);
  }
  return converted;
}

}  // namespace muster::inline task

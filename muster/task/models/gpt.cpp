#include "muster/task/models/gpt.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/task/models/fits_memory.h"
#include "muster/task/models/gpt_module.h"

namespace muster::inline task {

void GptShape::validate() const {
  const auto positive = [](const char* key, int64_t value) {
    if (value < 1) throw OptionError(key, std::to_string(value), "must be at least 1");
  };
  if (vocabulary < 2) throw OptionError("text.vocabulary", std::to_string(vocabulary), "must be at least 2");
  positive("text.context", context);
  positive("gpt.layers", layers);
  positive("gpt.width", width);
  positive("gpt.heads", heads);
  if (head_width < 0) throw OptionError("gpt.head_width", std::to_string(head_width), "must be at least 1");
  if (head_width == 0 && width % heads != 0)
    throw OptionError("gpt.width", std::to_string(width),
                      fmt::format("is not divisible by gpt.heads = {}; use a multiple of it, or give "
                                  "gpt.head_width",
                                  heads));
  if (positions == GptPositions::rotary && width_of_head() % 2 != 0)
    throw OptionError(
        "gpt.head_width", std::to_string(width_of_head()),
        "rotary positions turn pairs of components; it must be even (without it: gpt.width / gpt.heads)");
  if (!(dropout >= 0 && dropout < 1))
    throw OptionError("gpt.dropout", format_number(dropout), "must be 0 to below 1");
}

namespace {

GptShape paper_shape(int64_t layers, int64_t width, int64_t heads) {
  GptShape shape;
  shape.vocabulary = 32000;
  shape.context = 1024;
  shape.layers = layers;
  shape.width = width;
  shape.heads = heads;
  shape.head_width = 64;
  return shape;
}

}  // namespace

GptShape gpt_20m() { return paper_shape(6, 256, 4); }
GptShape gpt_60m() { return paper_shape(3, 896, 16); }
GptShape gpt_150m() { return paper_shape(12, 896, 16); }

GptCount count_parameters(const GptShape& s) {
  const int64_t width = s.width, inner = s.attention_width();
  const int64_t norms = 4 * width;
  const int64_t attention = width * 3 * inner + 3 * inner + inner * width + width;
  const int64_t feed_forward = width * 4 * width + 4 * width + 4 * width * width + width;
  const int64_t places = s.positions == GptPositions::learned ? s.context : 0;
  GptCount count;
  const int64_t head = s.tied_head ? 0 : s.vocabulary * width;
  count.without_embedding = s.layers * (norms + attention + feed_forward) + 2 * width + head;
  count.all = count.without_embedding + (s.vocabulary + places) * width;
  return count;
}

TorchNetwork make_gpt(const GptShape& shape) {
  shape.validate();
  require_memory_for(static_cast<double>(count_parameters(shape).all), "gpt.width",
                     std::to_string(shape.width));
  const auto module = std::make_shared<GptModule>(shape);
  const double residual = 0.02 / std::sqrt(2.0 * static_cast<double>(shape.layers));
  const auto initial = [residual](const std::string& name) -> std::optional<Initial> {
    using enum Initial::Kind;
    if (name.ends_with(".bias")) return Initial{constant, 0};
    if (name.find(".ln_") != std::string::npos) return Initial{constant, 1};
    return Initial{normal, name.ends_with("c_proj.weight") ? residual : 0.02};
  };
  return {module,
          [module = module.get()](const at::Tensor& tokens, Dropout& dropout) {
            return module->forward(tokens, dropout);
          },
          initial};
}

// Per place and layer: two norms, queries, keys and values, attention's output (twice, for the bf16 copy or
// the gradient), both sides of GELU, two sums; a third more for gradients in flight. Then logits, their
// softmax and its gradient.
int64_t gpt_activations(const GptShape& s) {
  const int64_t layer = (4 + 4 + 4) * s.width + 5 * s.attention_width();
  return s.context * (s.layers * layer * 4 / 3 + 3 * s.vocabulary + 4 * s.width);
}

}  // namespace muster::inline task

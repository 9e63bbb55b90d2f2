// A GPT of Hugging Face's Transformers computes the same logits here, in whatever form its file is; the other
// way, a file of ours is read by Transformers.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/stored_tensors.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/gpt.h"
#include "muster/task/models/gpt_layout.h"
#include "muster/task/models/text_generator.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Tensors = std::map<std::string, at::Tensor>;
using Named = std::vector<std::pair<std::string, at::Tensor>>;

/// A model in a folder, with the logits that Transformers computed.
struct Golden {
  Golden(std::string of_model, const std::string& logits_file, int64_t head_count)
      : folder(std::move(of_model)),
        tensors(tensors_of(read_safetensors(folder + "/model.safetensors").tensors)) {
    const auto json = nlohmann::json::parse(read_file(logits_file));
    tokens = json["tokens"].get<std::vector<int64_t>>();
    for (const auto& row : json["logits"]) logits.push_back(row.get<std::vector<double>>());
    const std::string prefix = tensors.count("wte.weight") > 0 ? "" : "transformer.";
    const auto size = [&](const char* of, int64_t side) { return tensors.at(prefix + of).size(side); };
    shape.vocabulary = size("wte.weight", 0);
    shape.width = size("wte.weight", 1);
    shape.context = size("wpe.weight", 0);
    shape.layers = 2;
    shape.heads = head_count;
    shape.tied_head = tensors.count("lm_head.weight") == 0;
  }
  std::string folder;
  Tensors tensors;
  std::vector<int64_t> tokens;
  std::vector<std::vector<double>> logits;
  GptShape shape;
};

Golden committed(const std::string& name, int64_t heads) {
  const std::string folder = MUSTER_SOURCE "/tests/golden/gpt2/" + name;
  return {folder, folder + "/logits.json", heads};
}
Golden tied() { return committed("hub_tied_2_heads", 2); }
Golden untied() { return committed("saved_untied_3_heads", 3); }

std::string one_line_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

/// The largest difference from the logits of Transformers, token after token.
double difference(const Golden& golden, const GptShape& shape, const Tensors& tensors) {
  TextGenerator generator(shape);
  Vector weights = vector_of(generator.weights()), none = flat_vector(0);
  fill_from_tensors("file", stored(tensors), generator.parameters(), weights, {}, none);
  double largest = 0;
  for (size_t place = 0; place < golden.tokens.size(); ++place) {
    const at::Tensor row = generator.read({&golden.tokens[place], 1}).to(at::kDouble).contiguous();
    for (int64_t token = 0; token < row.numel(); ++token)
      largest = std::max(largest, std::abs(row.data_ptr<double>()[token] -
                                           golden.logits[place][static_cast<size_t>(token)]));
  }
  return largest;
}

// The mean loss at every place but the last, by the logits of Transformers.
double loss_by_logits(const Golden& golden) {
  double sum = 0;
  const size_t places = golden.tokens.size() - 1;
  for (size_t place = 0; place < places; ++place) {
    double total = 0;
    for (const double logit : golden.logits[place]) total += std::exp(logit);
    sum += std::log(total) - golden.logits[place][static_cast<size_t>(golden.tokens[place + 1])];
  }
  return sum / static_cast<double>(places);
}

double loss_here(const Golden& golden, const Tensors& tensors) {
  const auto model = make_nn_model(make_gpt(golden.shape), {});
  Vector parameters = storage_vector(model->parameters().size(), model->type());
  Vector buffers = storage_vector(0, model->type());
  model->bind(tensor_of(parameters), flat_tensor(parameters.size(), model->type()), tensor_of(buffers));
  fill_from_tensors("file", stored(tensors), model->parameters(), parameters, {}, buffers);
  const auto places = static_cast<int64_t>(golden.tokens.size()) - 1;
  Batch batch{at::empty({1, places}, at::kLong), at::empty({1, places}, at::kLong)};
  std::copy_n(golden.tokens.begin(), places, batch.inputs.data_ptr<int64_t>());
  std::copy_n(golden.tokens.begin() + 1, places, batch.targets.data_ptr<int64_t>());
  return model->loss_and_gradient(batch, {});
}

TEST(GptLayout, ModelsOfTransformersGiveTheirLogits) {
  for (Golden golden : {tied(), untied()}) {
    const FoundGpt found = take_gpt(golden.folder, golden.tensors, std::nullopt);
    EXPECT_EQ(found.layout, LinearLayout::inputs_outputs);
    EXPECT_EQ(found.deciding, 6);
    EXPECT_EQ(found.following, 2);
    EXPECT_EQ(found.other_head, !golden.shape.tied_head);
    EXPECT_EQ(found.prefix, golden.shape.heads == 3);
    EXPECT_EQ(found.masks, golden.shape.heads == 2 ? 4 : 0);
    EXPECT_LT(difference(golden, golden.shape, golden.tensors), 1e-5) << golden.folder;
    EXPECT_NEAR(loss_here(golden, golden.tensors), loss_by_logits(golden), 1e-5) << golden.folder;
  }
}

// Another model of 2 heads, where MUSTER_TEST_DATA says that it is.
TEST(GptLayout, ModelsFromElsewhereGiveTheirLogits) {
  const char* given = std::getenv("MUSTER_TEST_DATA");
  const std::string folder = std::string(given != nullptr ? given : "") + "/gpt2_small";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "MUSTER_TEST_DATA names no folder with gpt2_small";
  for (const char* form : {"/saved", "/hub"}) {
    Golden golden(folder + form, folder + "/logits.json", 2);
    take_gpt(golden.folder, golden.tensors, std::nullopt);
    EXPECT_LT(difference(golden, golden.shape, golden.tensors), 1e-5) << form;
  }
}

TEST(GptLayout, OtherHeadsGiveOtherLogits) {
  Golden golden = untied();
  take_gpt(golden.folder, golden.tensors, std::nullopt);
  GptShape shape = golden.shape;
  shape.heads = 2;
  EXPECT_GT(difference(golden, shape, golden.tensors), 0.01);
}

struct Form {
  bool prefix, transposed, masks, head;
};

// Our tensors in the form of another file.
Tensors in_form(const Golden& golden, const Form& form) {
  Tensors tensors = golden.tensors;
  take_gpt(golden.folder, tensors, std::nullopt);
  Named named(tensors.begin(), tensors.end());
  if (form.transposed) named = as_transformers_gpt(named, true);
  if (form.head && golden.shape.tied_head)
    named.emplace_back("lm_head.weight", tensors.at("transformer.wte.weight"));
  Tensors made;
  for (const auto& [name, tensor] : named) {
    const bool strip = !form.prefix && name.starts_with("transformer.");
    made.emplace(strip ? name.substr(12) : name, tensor.clone());
  }
  const std::string prefix = form.prefix ? "transformer." : "";
  if (form.masks) {
    made.emplace(prefix + "h.1.attn.bias", at::ones({1, 1, 8, 8}, at::kBool).tril());
    made.emplace(prefix + "h.1.attn.masked_bias", at::full({}, -1e4));
  }
  return made;
}

TEST(GptLayout, EveryFormOfAFileIsTheSameModel) {
  for (const Golden& golden : {tied(), untied()})
    for (int bits = 0; bits < 16; ++bits) {
      const Form form{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
      Tensors tensors = in_form(golden, form);
      const FoundGpt found = take_gpt("file", tensors, std::nullopt);
      EXPECT_EQ(found.layout == LinearLayout::inputs_outputs, form.transposed);
      EXPECT_EQ(found.equal_head, golden.shape.tied_head && form.head);
      if (found.equal_head) tensors.erase("lm_head.weight");
      EXPECT_LT(difference(golden, golden.shape, tensors), 1e-5) << golden.folder << " " << bits;
    }
}

TEST(GptLayout, ConvertsToTheNamesAndLayoutOfTransformers) {
  for (const Golden& golden : {tied(), untied()}) {
    Tensors ours = golden.tensors;
    take_gpt(golden.folder, ours, std::nullopt);
    const bool hub = golden.tensors.count("wte.weight") > 0;
    size_t compared = 0;
    for (const auto& [name, tensor] : as_transformers_gpt({ours.begin(), ours.end()}, !hub)) {
      ASSERT_EQ(golden.tensors.count(name), 1U) << name;
      EXPECT_TRUE(at::equal(golden.tensors.at(name), tensor)) << name;
      ++compared;
    }
    EXPECT_EQ(compared, golden.tensors.size() - (hub ? 4 : 0));  // all but the masks
  }
}

TEST(GptLayout, RefusesWeightsThatContradictEachOther) {
  const auto refusal = [](const std::function<void(Tensors&)>& change,
                          std::optional<LinearLayout> declared = std::nullopt) {
    Golden golden = untied();
    change(golden.tensors);
    return one_line_of([&] { take_gpt("m.safetensors", golden.tensors, declared); });
  };
  const auto turn = [](Tensors& tensors, const char* name) {
    at::Tensor& tensor = tensors.at(std::string("transformer.h.") + name);
    tensor = tensor.t().contiguous();
  };
  for (const char* name : {"0.attn.c_attn.weight", "1.mlp.c_fc.weight", "1.mlp.c_proj.weight"})
    EXPECT_THAT(refusal([&](Tensors& tensors) { turn(tensors, name); }),
                AllOf(HasSubstr("'m.safetensors'"), HasSubstr(name), HasSubstr("outputs x inputs"),
                      HasSubstr("inputs x outputs")));
  EXPECT_THAT(refusal([](Tensors&) {}, LinearLayout::outputs_inputs),
              AllOf(HasSubstr("linear_layout = outputs x inputs"), HasSubstr("c_attn.weight' [12, 36]")));
  EXPECT_EQ(refusal([](Tensors&) {}, LinearLayout::inputs_outputs), "");
  EXPECT_THAT(refusal([](Tensors& tensors) {
                tensors["transformer.h.0.attn.bias"] = at::ones({1, 1, 8, 8});
              }),
              HasSubstr("not the causal one"));
  EXPECT_THAT(refusal([](Tensors& tensors) {
                tensors["wte.weight"] = at::ones({11, 12});
              }),
              HasSubstr("two models"));
  EXPECT_THAT(refusal([](Tensors& tensors) {
                tensors["transformer.h.1.mlp.c_fc.weight"] = at::ones({12, 13});
              }),
              HasSubstr("does not fit its bias"));
  EXPECT_THAT(refusal([](Tensors& tensors) { tensors.erase("transformer.h.1.mlp.c_fc.bias"); }),
              HasSubstr("no bias 'transformer.h.1.mlp.c_fc.bias'"));
}

TEST(GptLayout, ASquareWeightFollowsTheOthers) {
  // No shape shows that one square weight was turned: it is read as the others are, and gives other numbers.
  Golden golden = tied();
  at::Tensor& square = golden.tensors.at("h.0.attn.c_proj.weight");
  square = square.t().contiguous();
  take_gpt(golden.folder, golden.tensors, std::nullopt);
  EXPECT_GT(difference(golden, golden.shape, golden.tensors), 0.01);
}

TEST(GptLayout, OurFilesAreReadByTransformers) {
  const char* given = std::getenv("MUSTER_TEST_PYTHON");
  const std::string python = given != nullptr ? given : "/usr/bin/python3";
  if (std::system((python + " -c 'import transformers, torch' >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << python << " has no transformers with torch (another one: MUSTER_TEST_PYTHON)";
  const TemporaryFolder folder;
  for (const Golden& golden : {tied(), untied()}) {
    Tensors ours = golden.tensors;
    take_gpt(golden.folder, ours, std::nullopt);
    write_safetensors(folder / "model.safetensors",
                      stored(as_transformers_gpt({ours.begin(), ours.end()}, true)), {{"format", "pt"}});
    write_file_atomically(folder / "config.json", read_file(golden.folder + "/config.json"));
    const std::string command = python + " " MUSTER_SOURCE "/tests/golden/gpt2/check.py " + folder.path() +
                                " " + golden.folder + "/logits.json";
    EXPECT_EQ(std::system(command.c_str()), 0) << golden.folder;
  }
}

}  // namespace
}  // namespace muster

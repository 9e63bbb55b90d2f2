#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "muster/app/options/gpt2_config.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Gpt2ConfigFile : public ::testing::Test {
 protected:
  Gpt2Config read(const json& keys) {
    write_file_atomically(path_, keys.dump());
    return read_gpt2_config(path_);
  }
  std::string refusal(const std::string& key, const json& value) {
    json keys = {{"model_type", "gpt2"}, {"n_embd", 48}, {"n_head", 3}};
    keys[key] = value;
    try {
      read(keys);
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }
  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "config.json";
};

TEST_F(Gpt2ConfigFile, GivesTheShape) {
  const Gpt2Config config = read({{"model_type", "gpt2"},
                                  {"vocab_size", 64},
                                  {"n_positions", 16},
                                  {"n_embd", 48},
                                  {"n_layer", 2},
                                  {"n_head", 3},
                                  {"n_inner", 192},
                                  {"tie_word_embeddings", false},
                                  {"activation_function", "gelu_pytorch_tanh"},
                                  {"layer_norm_epsilon", 1e-05}});
  EXPECT_EQ(config.vocabulary, 64);
  EXPECT_EQ(config.context, 16);
  EXPECT_EQ(config.width, 48);
  EXPECT_EQ(config.layers, 2);
  EXPECT_EQ(config.heads, 3);
  EXPECT_FALSE(config.tied_head);
}

TEST_F(Gpt2ConfigFile, HasTheDefaultsAndOtherNamesOfTransformers) {
  const Gpt2Config config = read({{"model_type", "gpt2"}, {"num_attention_heads", 6}});
  EXPECT_EQ(config.heads, 6);
  EXPECT_EQ(config.width, 768);
  EXPECT_EQ(config.layers, 12);
  EXPECT_EQ(config.vocabulary, 50257);
  EXPECT_TRUE(config.tied_head);
}

TEST_F(Gpt2ConfigFile, ReadsWhatItWrites) {
  Gpt2Config config;
  config.width = 24;
  config.heads = 3;
  config.tied_head = false;
  config.dropout = 0.25;
  write_file_atomically(path_, gpt2_config_json(config));
  const Gpt2Config again = read_gpt2_config(path_);
  EXPECT_EQ(again.width, 24);
  EXPECT_EQ(again.heads, 3);
  EXPECT_FALSE(again.tied_head);
  EXPECT_EQ(json::parse(read_file(path_))["resid_pdrop"], 0.25);
  EXPECT_TRUE(gives_model_type(path_));
}

TEST_F(Gpt2ConfigFile, RefusesWhatThisProgramDoesNotCompute) {
  const std::vector<std::pair<std::string, json>> cases = {{"model_type", "llama"},
                                                           {"activation_function", "gelu"},
                                                           {"activation_function", "relu"},
                                                           {"layer_norm_epsilon", 1e-6},
                                                           {"n_inner", 100},
                                                           {"scale_attn_weights", false},
                                                           {"scale_attn_by_inverse_layer_idx", true},
                                                           {"add_cross_attention", true},
                                                           {"n_head", 5},
                                                           {"n_head", 0},
                                                           {"n_layer", "two"},
                                                           {"tie_word_embeddings", 1}};
  for (const auto& [key, value] : cases) {
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    EXPECT_THAT(refusal(key, value),
                AllOf(HasSubstr(path_ + "': " + key + " = " + shown), Not(HasSubstr("\n"))));
  }
  EXPECT_EQ(refusal("n_inner", nullptr), "");
  EXPECT_EQ(refusal("anything_else", 7), "");
  write_file_atomically(path_, "[1]");
  EXPECT_THROW(read_gpt2_config(path_), DataError);
  EXPECT_THROW(read_gpt2_config(folder_ / "none.json"), FileError);
}

TEST_F(Gpt2ConfigFile, BecomesThisProgramsConfiguration) {
  Gpt2Config config;
  config.heads = 3;
  const json told = json::parse(gpt2_configuration(config, true));
  EXPECT_EQ(told["gpt"]["heads"], 3);
  EXPECT_EQ(told["text"]["context"], 1024);
  EXPECT_FALSE(json::parse(gpt2_configuration(config, false))["gpt"].contains("heads"));
}

}  // namespace
}  // namespace muster

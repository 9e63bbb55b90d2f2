// Models of Hugging Face's Transformers are sampled, measured, trained on and written; folders are taken
// where files are; what contradicts itself is refused in one line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Ended;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

const std::string golden = MUSTER_SOURCE "/tests/golden/gpt2/";
const std::string hub = golden + "hub_tied_2_heads", saved = golden + "saved_untied_3_heads";

class Gpt2Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string tokens;
    for (int i = 0; i < 400; ++i) tokens.push_back(static_cast<char>((5 * i * i + 3 + i / 8) % 11));
    write_file_atomically(tokens_, tokens);
  }
  static Ended muster(Words words) {
    words.insert(words.begin(), MUSTER_PROGRAM);
    return test::run(words);
  }
  /// The likeliest tokens after each golden token but the last, one step at a time.
  static void expect_golden_tokens(const std::string& model, const std::string& of) {
    const json logits = json::parse(read_file(of + "/logits.json"));
    std::string prompt;
    for (const json& token : logits["tokens"]) prompt += (prompt.empty() ? "" : ",") + token.dump();
    const Ended ended =
        muster({"sample", model, "--json", "--prompt", prompt, "--tokens", "1", "--temperature", "0"});
    ASSERT_EQ(ended.code, 0) << ended.err;
    const auto last = logits["logits"].back().get<std::vector<double>>();
    const auto likeliest = std::max_element(last.begin(), last.end()) - last.begin();
    EXPECT_EQ(json::parse(ended.out)["tokens"], json({likeliest})) << model;
  }
  double loss_of(const std::string& model) const {
    const Ended ended = muster({"evaluate", model, "--json", "--task.name", "tokens", "--task.data", tokens_,
                                "--text.token_type", "uint8", "--text.test_fraction", "0.5"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended.code == 0 ? json::parse(ended.out)["test_loss"].get<double>() : -1;
  }
  std::string convert(const std::string& model, const std::string& form, const std::string& name) const {
    const Ended ended = muster({"convert", model, "--to", form, "--out", folder_ / name});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return folder_ / name;
  }
  static Ended train(const std::string& out, const Words& more) {
    Words words = {"train",  "--run.out",     out, "--run.steps",  "4", "--run.workers", "2",
                   "--json", "--run.threads", "1", "--task.batch", "4", "--gpt.layers",  "2"};
    words.insert(words.end(), more.begin(), more.end());
    return muster(words);
  }
  Words data() const {
    return {"--task.name",          "tokens", "--task.data",    tokens_, "--text.token_type", "uint8",
            "--text.vocabulary",    "11",     "--text.context", "8",     "--gpt.width",       "12",
            "--text.test_fraction", "0.5"};
  }
  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  TemporaryFolder folder_;
  std::string tokens_ = folder_ / "tokens.bin";
};

TEST_F(Gpt2Files, AreSampledFromFilesAndFolders) {
  for (const std::string& of : {hub, saved}) {
    expect_golden_tokens(of, of);
    expect_golden_tokens(of + "/model.safetensors", of);
  }
  const Ended told = muster({"sample", hub, "--json", "--tokens", "1"});
  EXPECT_THAT(told.err, AllOf(HasSubstr("inputs x outputs"), HasSubstr("4 masks left out"),
                              HasSubstr("2 heads by"), HasSubstr("2 square ones follow")));
}

TEST_F(Gpt2Files, GoEitherWayWithoutALoss) {
  const double loss = loss_of(saved);
  const std::string ours = convert(saved, "muster", "ours");
  EXPECT_FALSE(fs::exists(ours + "/config.json"));
  EXPECT_EQ(loss_of(ours), loss);
  for (const char* form : {"huggingface", "hub"}) {
    const std::string back = convert(ours, form, form);
    EXPECT_EQ(loss_of(back), loss);
    EXPECT_EQ(json::parse(read_file(back + "/config.json"))["n_head"], 3);
    expect_golden_tokens(back, saved);
  }
}

TEST_F(Gpt2Files, AreTrainedOnAndWritten) {
  const Words same = with(data(), {"--gpt.heads", "3", "--gpt.tied_head", "false", "--run.start_from", saved,
                                   "--learning_rate.shape", "constant", "--learning_rate.peak", "1e-9",
                                   "--learning_rate.final", "1e-9"});
  const Ended started = train(folder_ / "run", same);
  ASSERT_EQ(started.code, 0) << started.err;
  EXPECT_NEAR(json::parse(started.out)["final_test_loss"].get<double>(),
              loss_of(folder_ / "run/model.safetensors"), 1e-6);
  const std::string theirs = convert(folder_ / "run", "huggingface", "theirs");
  expect_golden_tokens(theirs, saved);
  const json config = json::parse(read_file(theirs + "/config.json"));
  EXPECT_EQ(config["tie_word_embeddings"], false);
  EXPECT_EQ(config["model_type"], "gpt2");
}

TEST_F(Gpt2Files, OfOtherHeadsAreNoStart) {
  const auto refusal = [&](const Words& more, const Words& parts) {
    test::expect_one_line_error(
        train(folder_ / "refused", with(with(data(), {"--run.start_from", saved}), more)), parts);
  };
  refusal({"--gpt.heads", "2", "--gpt.tied_head", "false"}, {"gpt.heads = 2", "use gpt.heads = 3"});
  refusal({"--gpt.heads", "3"}, {"gpt.tied_head = true", "use gpt.tied_head = false"});
}

TEST_F(Gpt2Files, WithoutAConfigurationNeedTheirHeads) {
  fs::copy_file(saved + "/model.safetensors", folder_ / "alone.safetensors");
  const std::string alone = folder_ / "alone.safetensors";
  test::expect_one_line_error(muster({"sample", alone}), {"gpt.heads = (not given)", "config.json"});
  const Ended ended = muster({"sample", alone, "--gpt.heads", "3", "--tokens", "2", "--json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  test::expect_one_line_error(muster({"sample", hub, "--task.name", "text"}),
                              {"16 tokens", "task.name = tokens"});
}

TEST_F(Gpt2Files, ThatContradictThemselvesAreRefused) {
  const auto changed = [&](const std::string& name, const char* key, const json& value) {
    const std::string copy = folder_ / name;
    fs::copy(saved, copy);
    json config = json::parse(read_file(copy + "/config.json"));
    config[key] = value;
    write_file_atomically(copy + "/config.json", config.dump());
    return copy;
  };
  test::expect_one_line_error(muster({"sample", changed("a", "n_layer", 3)}), {"n_layer = 3", "have 2"});
  test::expect_one_line_error(muster({"sample", changed("b", "tie_word_embeddings", true)}),
                              {"lm_head.weight", "tie_word_embeddings"});
  test::expect_one_line_error(muster({"sample", changed("c", "model_type", "llama")}),
                              {"model_type = llama", "gpt2"});
  const std::string theirs = convert(saved, "huggingface", "theirs");
  json config = json::parse(read_file(theirs + "/config.json"));
  config["n_head"] = 2;
  write_file_atomically(theirs + "/config.json", config.dump());
  test::expect_one_line_error(muster({"sample", theirs}), {"n_head = 2", "have 3"});
}

TEST_F(Gpt2Files, OfOtherKindsAreNamed) {
  fs::create_directories(folder_ / "torch");
  write_file_atomically(folder_ / "torch/pytorch_model.bin", std::string("PK\3\4\0\0\10\10 more", 13));
  test::expect_one_line_error(muster({"sample", folder_ / "torch"}), {"pytorch_model.bin", "save_file"});
  test::expect_one_line_error(muster({"evaluate", folder_ / "torch/pytorch_model.bin"}), {"torch.save"});
  test::expect_one_line_error(muster({"convert", saved, "--to", "pickle", "--out", folder_ / "x"}),
                              {"--to = pickle", "huggingface"});
  test::expect_one_line_error(muster({"convert", saved, "--to", "hub", "--out", folder_.path()}),
                              {"--out", "not an empty folder"});
}

}  // namespace
}  // namespace muster

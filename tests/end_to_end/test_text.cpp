// Text: bytes, SentencePiece, files of tokens and the Markov chain are trained on, evaluated and continued;
// what can be wrong with them is told in one line.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/sentence_piece_model.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::Ended;
using test::TemporaryFolder;
using Words = std::vector<std::string>;

std::string repeated(const std::string& line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line;
  return text;
}

std::string as_uint16(const std::vector<uint16_t>& tokens) {
  return {reinterpret_cast<const char*>(tokens.data()), 2 * tokens.size()};
}

/// plain.txt, small.model (a SentencePiece model of 33 tokens), tokens.bin (2,000 tokens below 50).
class Texts {
 public:
  Texts() {
    write("plain.txt", repeated("the king and a thing\n\n", 200));
    write("small.model", test::small_sentence_piece_model());
    std::vector<uint16_t> tokens;
    for (int i = 0; i < 2000; ++i) tokens.push_back(static_cast<uint16_t>(i * i % 50));
    write("tokens.bin", as_uint16(tokens));
  }
  void write(const std::string& name, const std::string& bytes) const {
    write_file_atomically(path(name), bytes);
  }
  std::string path(const std::string& name) const { return folder_ / name; }
  Words data(const std::string& task) const {
    if (task == "markov")
      return {"--task.name", "markov", "--task.samples", "300", "--task.test_samples", "50"};
    if (task == "tokens")
      return {"--task.name", "tokens", "--task.data", path("tokens.bin"), "--text.vocabulary", "50"};
    Words words = {"--task.name", "text", "--task.data", path("plain.txt")};
    if (task == "sentence_piece") words.insert(words.end(), {"--text.tokenizer", path("small.model")});
    return words;
  }
  Ended train(const std::string& out, const Words& data, const Words& more = {}) const {
    Words words = {MUSTER_PROGRAM,      "train", "--gpt.layers",         "1",    "--gpt.width",   "8",
                   "--gpt.heads",       "2",     "--text.context",       "8",    "--run.workers", "2",
                   "--run.threads",     "1",     "--task.batch",         "4",    "--run.steps",   "8",
                   "--inner.optimizer", "adamw", "--learning_rate.peak", "0.01", "--run.out",     path(out)};
    words.insert(words.end(), data.begin(), data.end());
    words.insert(words.end(), more.begin(), more.end());
    return test::run(words);
  }
  Ended sample(const std::string& out, const Words& more) const {
    Words words = {MUSTER_PROGRAM, "sample", path(out + "/model.safetensors"), "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return test::run(words);
  }

 private:
  TemporaryFolder folder_;
};

class EveryText : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryText, IsTrainedOnEvaluatedAndContinued) {
  const Texts texts;
  const Ended ended = texts.train("run", texts.data(GetParam()));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto summary = nlohmann::json::parse(read_file(texts.path("run/summary.json")));
  const bool markov = GetParam() == "markov";
  EXPECT_EQ(summary["loss_floor"].is_number(), markov);
  if (markov) {
    EXPECT_GT(summary["final_test_loss"], summary["loss_floor"]);
  }

  const Ended evaluated =
      test::run({MUSTER_PROGRAM, "evaluate", texts.path("run/model.safetensors"), "--json"});
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_EQ(nlohmann::json::parse(evaluated.out)["test_loss"], summary["final_test_loss"]);

  const bool numbers = markov || GetParam() == "tokens";
  const Words more = {"--prompt", numbers ? "1,2,3" : "the king", "--tokens", "20"};
  const Ended once = texts.sample("run", more), again = texts.sample("run", more);
  ASSERT_EQ(once.code, 0) << once.err;
  EXPECT_EQ(once.out, again.out);
  const auto told = nlohmann::json::parse(once.out);
  EXPECT_EQ(told["tokens"].size(), 20);
  if (numbers) {
    EXPECT_EQ(told["prompt_tokens"], nlohmann::json({1, 2, 3}));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryText, ::testing::Values("bytes", "sentence_piece", "tokens", "markov"),
                         [](const auto& kind) { return kind.param; });

TEST(Text, DocumentsMayBelongToWorkers) {
  const Texts texts;
  const Ended ended = texts.train("run", texts.data("bytes"), {"--task.sampler", "by_document"});
  EXPECT_EQ(ended.code, 0) << ended.err;
}

struct Case {
  const char* name;
  std::function<Ended(const Texts&)> run;
  Words told;
};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A run of three tokens that are not in a vocabulary of 50, far from the beginning.
Ended train_on_a_bad_token(const Texts& texts) {
  std::vector<uint16_t> tokens(2000, 7);
  tokens[1500] = 50;
  texts.write("bad.bin", as_uint16(tokens));
  return texts.train(
      "bad", {"--task.name", "tokens", "--task.data", texts.path("bad.bin"), "--text.vocabulary", "50"});
}

Ended evaluate_with(const Texts& texts, const std::string& kind, const Words& more) {
  const Ended ended = texts.train("fine", texts.data(kind));
  if (ended.code != 0) return ended;
  return test::run(with({MUSTER_PROGRAM, "evaluate", texts.path("fine/model.safetensors")}, more));
}

const Case wrong[] = {
    {"no file",
     [](const Texts& t) {
       return t.train("bad", {"--task.name", "text", "--task.data", t.path("none")});
     },
     {"none", "No such file"}},
    {"token out of vocabulary", train_on_a_bad_token, {"bad.bin", "token 1500", "is 50", "ends at 49"}},
    {"half a token",
     [](const Texts& t) {
       t.write("odd.bin", "12345");
       return t.train("bad",
                      {"--task.name", "tokens", "--task.data", t.path("odd.bin"), "--text.vocabulary", "50"});
     },
     {"odd.bin", "5 bytes", "text.token_type"}},
    {"no vocabulary",
     [](const Texts& t) {
       return t.train("bad", {"--task.name", "tokens", "--task.data", t.path("tokens.bin")});
     },
     {"text.vocabulary", "give the number of"}},
    {"text too short",
     [](const Texts& t) {
       t.write("short.txt", "short");
       return t.train("bad", {"--task.name", "text", "--task.data", t.path("short.txt")});
     },
     {"short.txt"}},
    {"no tokenizer",
     [](const Texts& t) {
       return t.train("bad", with(t.data("bytes"), {"--text.tokenizer", t.path("none.model")}));
     },
     {"none.model"}},
    {"a tokenizer that is none",
     [](const Texts& t) {
       return t.train("bad", with(t.data("bytes"), {"--text.tokenizer", t.path("plain.txt")}));
     },
     {"plain.txt", "SentencePiece"}},
    {"a tokenizer larger than the model",
     [](const Texts& t) {
       return t.train("bad", with(t.data("sentence_piece"), {"--text.vocabulary", "20"}));
     },
     {"text.vocabulary = 20", "33"}},
    {"another tokenizer than in training",
     [](const Texts& t) {
       return evaluate_with(t, "bytes", {"--text.tokenizer", t.path("small.model")});
     },
     {"model.safetensors", "trained with bytes", "belongs to the model"}},
    {"bytes where a tokenizer trained",
     [](const Texts& t) {
       return evaluate_with(t, "sentence_piece", {"--text.tokenizer", "bytes"});
     },
     {"model.safetensors", "belongs to the model"}},
    {"a prompt that the model does not know",
     [](const Texts& t) {
       t.train("fine", t.data("tokens"));
       return t.sample("fine", {"--prompt", "1,50"});
     },
     {"--prompt", "50", "0 to 49"}},
    {"a network for images",
     [](const Texts& t) {
       return t.train("bad", t.data("bytes"), {"--task.model", "resnet8"});
     },
     {"task.model", "needs a gpt"}},
};

TEST(Text, WhatIsWrongIsToldInOneLine) {
  for (const Case& bad : wrong) {
    SCOPED_TRACE(bad.name);
    const Texts texts;
    const Ended ended = bad.run(texts);
    test::expect_one_line_error(ended, bad.told);
    EXPECT_FALSE(std::filesystem::exists(texts.path("bad/model.safetensors")));
  }
}

}  // namespace
}  // namespace muster

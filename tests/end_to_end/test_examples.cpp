// The examples as their readers run them, the code in docs/python.md, and the same training in PyTorch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

const std::string python = "/usr/bin/python3";

bool python_has(const std::string& module) {
  return std::filesystem::exists(python) && test::run({python, "-c", "import " + module}).code == 0;
}

std::string example(const std::string& name) { return std::string(MUSTER_EXAMPLES) + "/example_" + name; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

double last_number(const std::string& line) { return std::stod(line.substr(line.rfind(' '))); }

TEST(Examples, OwnLoopMeetsEverMoreSeldomAndLearns) {
  const Ended ended = test::run({example("own_loop")});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto lines = lines_of(ended.out);
  ASSERT_GT(lines.size(), 5U);
  EXPECT_THAT(lines.front(), HasSubstr("step   8  met after   8 steps"));  // floor((0.3 / 0.1)^2) in doubles
  EXPECT_THAT(lines.back(), HasSubstr("step 400"));
  EXPECT_LT(last_number(lines.back()), 0.3 * last_number(lines.front()));
}

TEST(Examples, OwnLoopUnderALauncherSaysWhatIsMissing) {
  const Ended ended = test::run({"/usr/bin/env", "WORLD_SIZE=4", example("own_loop")});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("RANK is not set: must be the rank of this process, 0 to 3"));
  EXPECT_EQ(ended.out, "");
}

TEST(Examples, OwnScheduleKeepsTheContractAndIsPreviewed) {
  const Ended ended = test::run({example("own_schedule")});
  EXPECT_EQ(ended.code, 0) << ended.out;
  // 1 + 2 + ... + 31 = 496 steps, then rounds of 32: 31 + 297.
  EXPECT_THAT(ended.out, HasSubstr("328 rounds in 10000 steps: the workers meet in 3.28 % of them"));
}

TEST(Examples, LinearModelLearnsAndResumesToTheSameBits) {
  const TemporaryFolder folder;
  const Ended ended = test::run({example("linear_model"), folder / "checkpoints"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("resumed at step 200 of 400: the same bits"));
  EXPECT_THAT(ended.out, testing::ContainsRegex("\\+ (6.9[0-9]|7.0[0-9]) x_7"));
  EXPECT_TRUE(std::filesystem::exists(folder / "checkpoints/rank0/step-00000200"));
}

TEST(Examples, OwnTaskLearns) {
  const Ended ended = test::run({example("own_task")});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto lines = lines_of(ended.out);
  EXPECT_THAT(lines.back(), HasSubstr("test loss of the averaged model"));
  EXPECT_LT(last_number(lines.back()), 0.02);  // 0.25 is what a constant reaches
}

/// The loss by "step S rank R".
std::map<std::string, double> losses_of(const std::string& out) {
  std::map<std::string, double> losses;
  for (const std::string& line : lines_of(out)) {
    const size_t loss = line.find(" loss ");
    if (loss != std::string::npos) losses[line.substr(0, loss)] = last_number(line);
  }
  return losses;
}

double largest_difference(const std::map<std::string, double>& a, const std::map<std::string, double>& b) {
  double largest = 0;
  for (const auto& [place, loss] : a) largest = std::max(largest, std::abs(loss - b.at(place)));
  return largest;
}

TEST(Examples, OwnLoopHasTheLossesOfPeriodicModelAverager) {
  if (!python_has("torch")) GTEST_SKIP() << "python3-torch is not installed";
  const TemporaryFolder folder;
  const std::string start = folder / "start.safetensors";
  const auto ours = [&](const char* period) {
    const Ended ended = test::run({example("thread_ranks"), "2", period, "100", start});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return losses_of(ended.out);
  };
  const auto every_fifth = ours("5"), every_fourth = ours("4");
  const Ended peer = test::run({python, MUSTER_SOURCE "/bench/peers/own_loop_peer.py", start, "4"});
  ASSERT_EQ(peer.code, 0) << peer.err;
  const auto theirs = losses_of(peer.out);
  ASSERT_EQ(theirs.size(), 200U);
  ASSERT_EQ(every_fourth.size(), 200U);
  EXPECT_LE(largest_difference(every_fourth, theirs), 1e-4);
  EXPECT_GT(largest_difference(every_fifth, theirs), 1e-3) << "the comparison does not see the meetings";
}

/// The Python code of docs/python.md, block by block.
std::vector<std::string> python_blocks() {
  const std::string text = read_file(MUSTER_SOURCE "/docs/python.md");
  const std::string opening = "```python\n", closing = "\n```";
  std::vector<std::string> blocks;
  for (size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at)) {
    at += opening.size();
    blocks.push_back(text.substr(at, text.find(closing, at) - at) + "\n");
  }
  return blocks;
}

/// A folder with the documented module, and a run of one epoch with BatchNorm.
class PythonPage : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!python_has("numpy")) GTEST_SKIP() << "python3-numpy is not installed";
    blocks_ = python_blocks();
    ASSERT_EQ(blocks_.size(), 4U);
    write_file_atomically(folder_ / "muster_weights.py", blocks_[0]);
    const Ended trained = test::run(train({"--run.out", run_, "--run.epochs", "1"}));
    ASSERT_EQ(trained.code, 0) << trained.err;
    loss_ = nlohmann::json::parse(trained.out)["final_test_loss"];
  }

  Words train(const Words& more) const {
    Words words = {MUSTER_PROGRAM, "train",          "--json", "--task.model",
                   "resnet8",      "--task.samples", "256",    "--task.test_samples",
                   "128",          "--run.threads",  "2"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  Ended run_script(const std::string& text, Words arguments) {
    write_file_atomically(folder_ / "script.py", text);
    arguments.insert(arguments.begin(), {python, folder_ / "script.py"});
    return test::run(std::move(arguments));
  }

  /// What `muster evaluate` finds.
  static double loss_of(Words words) {
    words.insert(words.begin(), {MUSTER_PROGRAM, "evaluate", "--json"});
    const Ended ended = test::run(std::move(words));
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended.code == 0 ? nlohmann::json::parse(ended.out)["test_loss"].get<double>() : -1;
  }

  TemporaryFolder folder_;
  std::string run_ = folder_ / "run", model_ = run_ + "/model.safetensors";
  std::vector<std::string> blocks_;
  double loss_ = 0;
};

TEST_F(PythonPage, ListsAndRewritesOurWeights) {
  const Ended listed = run_script(blocks_[1], {model_});
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("conv1.weight float32 16 3 3 3\n"));
  EXPECT_THAT(listed.out, HasSubstr("running_var float32 16\n"));
  const std::string copy = folder_ / "copy.safetensors", less = folder_ / "less.safetensors";
  const Ended rewritten = run_script(
      "import sys, numpy, muster_weights\n"
      "weights, metadata = muster_weights.read(sys.argv[1])\n"
      "muster_weights.write(sys.argv[2], weights, metadata)\n"
      "again, told = muster_weights.read(sys.argv[2])\n"
      "assert told == metadata and 'configuration' in metadata\n"
      "assert list(weights) == list(again) and all(numpy.array_equal(weights[n], again[n]) for n in "
      "weights)\n"
      "every = {t: numpy.arange(6).reshape(2, 3).T.astype(t) for t in ['f8', 'f4', 'f2', 'i8', 'i4', 'i2', "
      "'i1', 'u1', '?']}\n"
      "every['number'], every['none'] = numpy.array(3.5), numpy.zeros((0, 2), 'f4')\n"
      "muster_weights.write(sys.argv[3], every)\n"
      "again, _ = muster_weights.read(sys.argv[3])\n"
      "assert all(every[n].dtype == again[n].dtype and every[n].shape == again[n].shape and "
      "numpy.array_equal(every[n], again[n]) for n in every)\n"
      "half = b'{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}'\n"
      "half = len(half).to_bytes(8, 'little') + half + bytes.fromhex('803f20c0')\n"
      "open(sys.argv[3], 'wb').write(half)\n"
      "assert muster_weights.read(sys.argv[3])[0]['a'].tolist() == [1.0, -2.5]\n"
      "weights.pop('conv1.weight')\n"
      "muster_weights.write(sys.argv[3], weights)\n",
      {model_, copy, less});
  ASSERT_EQ(rewritten.code, 0) << rewritten.err;
  EXPECT_EQ(loss_of({copy}), loss_);
  const Ended started =
      test::run(train({"--run.out", folder_ / "second", "--run.epochs", "1", "--run.start_from", copy}));
  EXPECT_EQ(started.code, 0) << started.err;
  const Ended refused =
      test::run(train({"--run.out", folder_ / "third", "--run.epochs", "1", "--run.start_from", less}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("conv1.weight"));
}

TEST_F(PythonPage, TakesWeightsToTorchAndBack) {
  if (!python_has("torch")) GTEST_SKIP() << "python3-torch is not installed";
  const std::string copy = folder_ / "copy.safetensors";
  // A module of the run's names: every path becomes a chain of modules, with a BatchNorm where there are
  // statistics.
  const Ended ended = run_script(
      blocks_[2] +
          "import sys\n"
          "model = torch.nn.Module()\n"
          "for name, array in muster_weights.read(sys.argv[1])[0].items():\n"
          "    *path, last = name.split('.')\n"
          "    module = model\n"
          "    for part in path:\n"
          "        if part not in module._modules: module.add_module(part, torch.nn.Module())\n"
          "        module = module._modules[part]\n"
          "    if last.startswith('running'): module.register_buffer(last, torch.zeros(array.shape))\n"
          "    else: module.register_parameter(last, torch.nn.Parameter(torch.zeros(array.shape)))\n"
          "    if last == 'running_var': module.register_buffer('num_batches_tracked', torch.tensor(7))\n"
          "load_into(model, sys.argv[1])\n"
          "assert abs(sum(p.abs().sum() for p in model.parameters())) > 1\n"
          "save_from(model, sys.argv[2])\n"
          "del model._modules['conv1']\n"
          "try: load_into(model, sys.argv[1])\n"
          "except ValueError as error: print(error)\n",
      {model_, copy});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("conv1.weight"));
  EXPECT_EQ(loss_of({copy, "--task.name", "generated", "--task.model", "resnet8", "--task.samples", "256",
                     "--task.test_samples", "128"}),
            loss_);
}

}  // namespace
}  // namespace muster

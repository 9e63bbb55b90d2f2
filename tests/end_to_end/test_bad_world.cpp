// What the world does wrong is told in one line on standard error, with exit code 2, and leaves nothing
// half-written. (Bad options: tests/unit/app.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

const std::string record(3073, '\1');

/// The folder of a case: a good small CIFAR folder, a finished run and a stopped one, to be damaged. Made
/// once, then copied.
class World {
 public:
  World() {
    static const World original(Original{});
    std::filesystem::copy(original.folder_.path(), folder_.path(), std::filesystem::copy_options::recursive);
    finished_ = original.finished_;
    stopped_ = original.stopped_;
    checkpoint_ = folder_ / original.checkpoint_.substr(original.folder_.path().size() + 1);
  }

  bool ready() const { return finished_ && stopped_; }
  std::string path(const std::string& name) const { return folder_ / name; }
  const std::string& checkpoint() const { return checkpoint_; }
  static std::string many(int records) {
    std::string bytes;
    for (int i = 0; i < records; ++i) bytes += record;
    return bytes;
  }
  static Words train(const Words& more) {
    Words words = {MUSTER_PROGRAM,         "train", "--task.model", "mlp", "--task.hidden", "8",
                   "--run.workers",        "2",     "--task.batch", "4",   "--run.threads", "1",
                   "--learning_rate.peak", "0.01"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Words cifar() const {
    return train({"--task.name", "cifar10", "--task.data", path("cifar"), "--run.steps", "5", "--run.out",
                  path("new")});
  }
  Words resume() const {
    return train(
        {"--run.out", path("stopped"), "--run.steps", "1000000", "--checkpoint.every", "50", "--run.resume"});
  }
  void truncate(const std::string& name, double share) const {
    std::filesystem::resize_file(
        name, static_cast<uintmax_t>(share * static_cast<double>(std::filesystem::file_size(name))));
  }

 private:
  struct Original {};
  explicit World(Original) {
    std::filesystem::create_directories(folder_ / "cifar");
    write_file_atomically(folder_ / "cifar/data_batch_1.bin", many(64));
    write_file_atomically(folder_ / "cifar/test_batch.bin", many(16));
    finished_ = test::run(train({"--run.out", path("finished"), "--run.steps", "20"})).code == 0;
    ChildProcess child(
        train({"--run.out", path("stopped"), "--run.steps", "1000000", "--checkpoint.every", "50"}));
    for (int i = 0; i < 500 && !std::filesystem::exists(path("stopped/checkpoints/step-00000050/state.json"));
         ++i)
      child.wait_for(0.02);
    child.send(SIGTERM);
    stopped_ = child.wait().code == 128 + SIGTERM;
    for (const auto& entry : std::filesystem::directory_iterator(path("stopped/checkpoints")))
      checkpoint_ = std::max(checkpoint_, entry.path().string());
  }

  TemporaryFolder folder_;
  bool finished_ = false, stopped_ = false;
  std::string checkpoint_;
};

struct Case {
  const char* name;
  std::function<void(const World&)> damage;
  std::function<Words(const World&)> command;
  std::vector<std::string> told;  ///< parts of the message: field or file, value, remedy
};

void write(const std::string& path, const std::string& content) { write_file_atomically(path, content); }

std::vector<Case> data_cases() {
  const auto cifar = [](const World& w) { return w.cifar(); };
  return {
      {"no data folder",
       [](const World& w) { std::filesystem::remove_all(w.path("cifar")); },
       cifar,
       {"cifar"}},
      {"data folder is a file",
       [](const World& w) {
         std::filesystem::remove_all(w.path("cifar"));
         write(w.path("cifar"), "x");
       },
       cifar,
       {"cifar", "folder"}},
      {"no training file",
       [](const World& w) { std::filesystem::remove(w.path("cifar/data_batch_1.bin")); },
       cifar,
       {"data_batch"}},
      {"no test file",
       [](const World& w) { std::filesystem::remove(w.path("cifar/test_batch.bin")); },
       cifar,
       {"test_batch.bin"}},
      {"truncated training file",
       [](const World& w) { write(w.path("cifar/data_batch_1.bin"), World::many(3) + "abc"); },
       cifar,
       {"data_batch_1.bin", "3073"}},
      {"empty test file",
       [](const World& w) { write(w.path("cifar/test_batch.bin"), ""); },
       cifar,
       {"test_batch.bin"}},
      {"label out of range",
       [](const World& w) {
         write(w.path("cifar/data_batch_1.bin"), World::many(9) + std::string(3073, '\77'));
       },
       cifar,
       {"data_batch_1.bin", "63"}},
      {"fewer samples than one step takes",
       [](const World& w) { write(w.path("cifar/data_batch_1.bin"), World::many(7)); },
       cifar,
       {"task.batch", "7"}},
  };
}

std::vector<Case> file_cases() {
  const auto none = [](const World&) {};
  return {
      {"configuration file missing",
       none,
       [](const World& w) {
         return Words{MUSTER_PROGRAM, "train", w.path("no.toml")};
       },
       {"no.toml"}},
      {"configuration file is no TOML",
       [](const World& w) { write(w.path("bad.toml"), "[run\nsteps = 5"); },
       [](const World& w) {
         return Words{MUSTER_PROGRAM, "train", w.path("bad.toml")};
       },
       {"bad.toml"}},
      {"folder not empty",
       none,
       [](const World& w) {
         return World::train({"--run.out", w.path("finished"), "--run.steps", "20"});
       },
       {"run.out", "run.resume"}},
      {"folder below a file",
       [](const World& w) { write(w.path("plain"), "x"); },
       [](const World& w) {
         return World::train({"--run.out", w.path("plain/run"), "--run.steps", "5"});
       },
       {"plain"}},
      {"start_from missing",
       none,
       [](const World& w) {
         return World::train(
             {"--run.out", w.path("new"), "--run.steps", "5", "--run.start_from", w.path("no.safetensors")});
       },
       {"no.safetensors"}},
  };
}

std::vector<Case> model_cases() {
  const auto none = [](const World&) {};
  return {
      {"model to evaluate missing",
       none,
       [](const World& w) {
         return Words{MUSTER_PROGRAM, "evaluate", w.path("no.safetensors")};
       },
       {"no.safetensors"}},
      {"model to evaluate is garbage",
       [](const World& w) { write(w.path("m.safetensors"), std::string(999, 'x')); },
       [](const World& w) {
         return Words{MUSTER_PROGRAM, "evaluate", w.path("m.safetensors")};
       },
       {"m.safetensors"}},
      {"model to evaluate truncated",
       [](const World& w) { w.truncate(w.path("finished/model.safetensors"), 0.5); },
       [](const World& w) {
         return Words{MUSTER_PROGRAM, "evaluate", w.path("finished/model.safetensors")};
       },
       {"finished/model.safetensors"}},
      {"model of another shape",
       none,
       [](const World& w) {
         return Words{MUSTER_PROGRAM, "evaluate", w.path("finished/model.safetensors"), "--task.model",
                      "resnet8"};
       },
       {"finished/model.safetensors", "conv1.weight"}},
      {"optimizer's state asked for where there is none",
       none,
       [](const World& w) {
         return World::train({"--run.out", w.path("new"), "--run.steps", "5", "--run.start_from",
                              w.path("finished/model.safetensors"), "--run.start_from_optimizer"});
       },
       {"run.start_from_optimizer", "checkpoint"}},
  };
}

std::vector<Case> checkpoint_cases() {
  const auto resume = [](const World& w) { return w.resume(); };
  const auto damage_all = [](const char* file, double share) {
    return [=](const World& w) {
      for (const auto& entry : std::filesystem::directory_iterator(w.path("stopped/checkpoints")))
        w.truncate(entry.path().string() + "/" + file, share);
    };
  };
  return {
      {"every state.json truncated", damage_all("state.json", 0.5), resume, {"state.json"}},
      {"every state.safetensors truncated",
       damage_all("state.safetensors", 0.9),
       resume,
       {"state.safetensors"}},
      {"every model.safetensors empty", damage_all("model.safetensors", 0), resume, {"model.safetensors"}},
      {"another seed than the checkpoint's",
       [](const World&) {},
       [](const World& w) {
         Words words = w.resume();
         words.insert(words.end(), {"--run.seed", "9"});
         return words;
       },
       {"run.seed", "9"}},
  };
}

void expect_told(const Case& broken) {
  SCOPED_TRACE(broken.name);
  World world;
  ASSERT_TRUE(world.ready());
  broken.damage(world);
  const Ended ended = test::run(broken.command(world));
  EXPECT_EQ(ended.out, "");
  test::expect_one_line_error(ended, broken.told);
  // No run begins that cannot go on: nothing of it stands in its folder.
  for (const char* file :
       {"new/model.safetensors", "new/summary.json", "new/metrics.jsonl", "new/checkpoints"})
    EXPECT_FALSE(std::filesystem::exists(world.path(file))) << file;
}

TEST(BadWorld, Data) {
  for (const auto& broken : data_cases()) expect_told(broken);
}

TEST(BadWorld, Files) {
  for (const auto& broken : file_cases()) expect_told(broken);
}

TEST(BadWorld, Models) {
  for (const auto& broken : model_cases()) expect_told(broken);
}

TEST(BadWorld, Checkpoints) {
  for (const auto& broken : checkpoint_cases()) expect_told(broken);
}

TEST(BadWorld, ADamagedNewestCheckpointGivesWayToTheOneBefore) {
  World world;
  ASSERT_TRUE(world.ready());
  world.truncate(world.checkpoint() + "/state.safetensors", 0.5);
  ChildProcess child(world.resume());
  child.wait_to_say("resuming from", 60);
  child.send(SIGTERM);
  const Ended ended = child.wait();
  EXPECT_EQ(ended.code, 128 + SIGTERM);
  EXPECT_THAT(ended.err, HasSubstr("state.safetensors"));
  EXPECT_THAT(ended.err, HasSubstr("resuming from"));
}

TEST(BadWorld, AFullDiskKeepsTheCheckpointBefore) {
  World world;
  ASSERT_TRUE(world.ready());
  const Ended ended = test::run(world.resume(), {.file_size_limit = 40000});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, testing::AnyOf(HasSubstr("cannot write"), HasSubstr("could not be written")));
  EXPECT_THAT(ended.err, HasSubstr("File too large"));
  EXPECT_TRUE(std::filesystem::exists(world.checkpoint() + "/state.json"));
  ChildProcess child(world.resume());
  child.wait_to_say("resuming from", 60);
  child.send(SIGTERM);
  EXPECT_THAT(child.wait().err, HasSubstr("resuming from " + world.checkpoint()));
}

TEST(BadWorld, ALossThatIsNoLongerFiniteNamesStepWorkerAndCheckpoint) {
  const TemporaryFolder folder;
  const Ended ended =
      test::run(World::train({"--run.out", folder / "run", "--run.steps", "2000", "--learning_rate.peak",
                              "1e6", "--learning_rate.warmup_steps", "1900", "--checkpoint.every", "1"}));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("at step "));
  EXPECT_THAT(ended.err, HasSubstr("of worker "));
  EXPECT_THAT(ended.err, HasSubstr("last good checkpoint"));
}

}  // namespace
}  // namespace muster

// What meetings put on the wire, counted by the kernel on the loopback interface of a network namespace that
// holds nothing but the run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/child_process.h"
#include "tests/support/have_gloo.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::Ended;
using test::TemporaryFolder;
using Words = std::vector<std::string>;

/// A network namespace with a loopback interface. Gone with its owner.
class Namespace {
 public:
  Namespace() {
    ready_ = test::run({"/usr/bin/env", "ip", "netns", "add", name_}).code == 0 &&
             run_inside({"ip", "link", "set", "lo", "up"}).code == 0;
  }
  ~Namespace() { test::run({"/usr/bin/env", "ip", "netns", "del", name_}); }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  bool ready() const { return ready_; }
  Ended run_inside(Words words) const {
    const Words in_it = {"/usr/bin/env", "ip", "netns", "exec", name_};
    words.insert(words.begin(), in_it.begin(), in_it.end());
    return test::run(words);
  }
  int64_t bytes_so_far() const {
    // "lo:" and sixteen numbers, the ninth of which counts the bytes sent.
    std::istringstream line(run_inside({"grep", "lo:", "/proc/net/dev"}).out);
    std::string word;
    for (int i = 0; i < 10; ++i) line >> word;
    return std::stoll(word);
  }

 private:
  std::string name_ = "muster-wire-" + std::to_string(::getpid());
  bool ready_ = false;
};

/// Bytes that a run of two processes sends, and the parameters of its model.
struct Sent {
  int64_t bytes = 0, parameters = 0;
};
Sent sent_by(const Namespace& space, const std::string& codec, int meetings) {
  const TemporaryFolder folder;
  const int64_t before = space.bytes_so_far();
  Words words = {MUSTER_PROGRAM, "launch", "-n", "2", "--", "train", "--json"};
  std::istringstream flags(
      "--task.name generated --task.model mlp --task.hidden 384 --task.batch 4 --task.samples 256 "
      "--task.test_samples 16 --run.threads 1 --schedule.rule constant --schedule.base_period 1 "
      "--evaluation.every 0 --checkpoint.every 0 --comm.links gloo --comm.interface lo --run.steps " +
      std::to_string(meetings) + " --comm.codec " + codec + " --run.out " + folder.path() + "/run");
  for (std::string word; flags >> word;) words.push_back(word);
  const Ended ended = space.run_inside(words);
  EXPECT_EQ(ended.code, 0) << ended.err;
  if (ended.code != 0) return {};
  const auto summary = nlohmann::json::parse(ended.out);
  EXPECT_EQ(summary["rounds"], meetings);
  return {space.bytes_so_far() - before, summary["parameters"]};
}

/// Over a vector in fp32: what one process sends in a meeting. A run with fewer meetings tells what it sends
/// besides: to find the other, to begin, and for the checkpoint at the end, which holds residuals.
double share_of_vector(const Namespace& space, const std::string& codec) {
  const Sent few = sent_by(space, codec, 2), more = sent_by(space, codec, 7);
  return static_cast<double>(more.bytes - few.bytes) / 5 / 2 / (4.0 * static_cast<double>(more.parameters));
}

/// What a busy machine sends again comes on top, in either run: measured up to three times, until it lies
/// within.
double share_within(const Namespace& space, const std::string& codec, double of, double low, double high) {
  double share = 0;
  for (int attempt = 0; attempt < 3 && !(share > low && share < high); ++attempt)
    share = share_of_vector(space, codec) / of;
  return share;
}

TEST(BytesOnTheWire, AreAsFewAsTheCodecPromises) {
  if (!test::have_gloo) GTEST_SKIP() << "built without Gloo";
  if (::geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  const Namespace space;
  if (!space.ready()) GTEST_SKIP() << "no network namespaces: ip is missing or not allowed";
  // Of two processes each sends half of its vector, and half of the mean. A busy machine acknowledges more or
  // less often.
  const double full = share_within(space, "fp32", 1, 0.97, 1.06);
  EXPECT_GT(full, 0.97);
  EXPECT_LT(full, 1.06);
  const std::pair<const char*, double> bars[] = {{"int8", 0.27}, {"qsgd4", 0.14}, {"qsgd2", 0.08}};
  for (const auto& [codec, bar] : bars) {
    const double share = share_within(space, codec, full, bar / 2, bar);
    EXPECT_LE(share, bar) << codec;
    EXPECT_GT(share, bar / 2) << codec << ": has anything been counted?";
  }
}

}  // namespace
}  // namespace muster

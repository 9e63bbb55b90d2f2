#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "muster/app/chaos/rank_search.h"
#include "muster/app/chaos/run_watch.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::ElementsAre;

std::string line(int round, double wall, double averaging = 0.25, double waiting = 0.5) {
  return "{\"step\":" + std::to_string(4 * round) + ",\"round\":" + std::to_string(round) +
         ",\"seconds\":{\"averaging\":" + std::to_string(averaging) +
         ",\"waiting\":" + std::to_string(waiting) + "},\"wall_seconds\":" + std::to_string(wall) + "}\n";
}

class Watched {
 public:
  void write(const std::string& text) { std::ofstream(folder_ / "metrics.jsonl", std::ios::app) << text; }
  void cut() { std::ofstream(folder_ / "metrics.jsonl", std::ios::trunc); }
  RunWatch watch() const { return {folder_.path(), 4}; }

 private:
  test::TemporaryFolder folder_;
};

TEST(RunWatch, ReadsTheLastWholeLine) {
  Watched run;
  RunWatch watch = run.watch();
  watch.look();
  EXPECT_EQ(watch.round(), 0) << "no file yet";
  run.write(line(1, 1));
  watch.look();
  EXPECT_EQ(watch.round(), 1);
  run.write(line(2, 2) + line(4, 5) + "{\"step\":20,\"ro");
  watch.look();
  EXPECT_EQ(watch.round(), 4);
  EXPECT_EQ(watch.step(), 16);
  EXPECT_DOUBLE_EQ(watch.round_seconds(), 4.0 / 3);
  EXPECT_DOUBLE_EQ(watch.meeting_seconds(), 0.75);
}

TEST(RunWatch, BearsAFileThatIsCutBackAndOneOfGarbage) {
  Watched run;
  RunWatch watch = run.watch();
  run.write(line(7, 3));
  watch.look();
  run.cut();
  watch.look();
  EXPECT_EQ(watch.round(), 7);
  run.write("garbage\n[1]\n");
  watch.look();
  EXPECT_EQ(watch.round(), 7);
  run.write(line(8, 4));
  watch.look();
  EXPECT_EQ(watch.round(), 8);
}

TEST(RunWatch, FindsLinesBehindManyOthers) {
  Watched run;
  for (int round = 1; round <= 500; ++round) run.write(line(round, round));
  RunWatch watch = run.watch();
  watch.look();
  EXPECT_EQ(watch.round(), 500);
}

TEST(RunWatch, HearsWhoTakesPart) {
  RunWatch watch = Watched().watch();
  EXPECT_EQ(watch.present(), 4);
  EXPECT_EQ(watch.left(), 4);
  watch.take_line("[rank 1] generation 3: 2 of 4 processes continue from step 1,200");
  EXPECT_EQ(watch.generation(), 3);
  EXPECT_EQ(watch.present(), 2);
  watch.take_line("generation 2: 3 of 4 processes continue from step 80");
  EXPECT_EQ(watch.present(), 2) << "an older one, told late";
  watch.take_line("muster: rank 2 was ended by signal 9 (Killed); the run continues with 3 of 4 processes");
  EXPECT_EQ(watch.left(), 3);
  watch.take_line("the next generation: soon");
  EXPECT_EQ(watch.generation(), 3);
}

TEST(RunWatch, KeepsWhatVerifyFound) {
  RunWatch watch = Watched().watch();
  watch.take_line("muster: error: run.verify: layer 'a' of the anchor differs between rank 1 and rank 0");
  watch.take_line("step 4");
  EXPECT_THAT(watch.differences(), ElementsAre(::testing::HasSubstr("layer 'a'")));
}

TEST(RankSearch, FindsNobodyBelowAProcessWithoutRanks) { EXPECT_TRUE(ranks_below(::getpid()).empty()); }

}  // namespace
}  // namespace muster

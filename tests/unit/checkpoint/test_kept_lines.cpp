// Lines of metrics that pass from one writer to the next.
#include <gtest/gtest.h>

#include "muster/checkpoint/kept_lines.h"

namespace muster {
namespace {

MetricsLine line(int64_t round, double loss = 1) {
  MetricsLine line;
  line.round = round;
  line.step = 4 * round;
  line.average = "parameters";
  line.loss = loss;
  return line;
}

MetricsLine evaluation(int64_t round) {
  MetricsLine measured;
  measured.evaluation = true;
  measured.round = round;
  measured.step = 4 * round;
  measured.test_loss = 2;
  return measured;
}

std::string text(const std::vector<MetricsLine>& lines) {
  std::string text;
  for (const MetricsLine& one : lines) text += to_json(one) + "\n";
  return text;
}

KeptLines kept(const std::vector<MetricsLine>& lines) {
  KeptLines kept;
  for (const MetricsLine& one : lines) kept.add(one);
  return kept;
}

TEST(KeptLines, ThoseSinceTheCheckpointBeforeTheLastStay) {
  KeptLines lines = kept({line(1), line(2)});
  lines.at_checkpoint();
  lines.add(line(3));
  EXPECT_EQ(lines.lines().size(), 3U) << "the checkpoint may not have come to the disk";
  lines.at_checkpoint();
  lines.add(line(4));
  ASSERT_EQ(lines.lines().size(), 2U);
  EXPECT_EQ(lines.lines().front(), line(3));
}

TEST(KeptLines, NoMoreThanSoMany) {
  KeptLines lines(2);
  lines.add(line(1));
  lines.at_checkpoint();
  lines.add(line(2));
  lines.add(line(3));
  EXPECT_EQ(lines.lines().front(), line(2));
  lines.at_checkpoint();
  EXPECT_EQ(lines.lines().size(), 2U);
}

TEST(KeptLines, TravelAsText) {
  KeptLines there = kept({line(1), evaluation(1)}), here;
  here.restore(there.text());
  EXPECT_EQ(here.lines(), there.lines());
}

TEST(MergedLines, WhatTheFileLacksIsAdded) {
  const KeptLines lines = kept({line(2), line(3), line(4), evaluation(4)});
  EXPECT_EQ(merged_lines(text({line(1), line(2)}), lines, 4),
            text({line(1), line(2), line(3), line(4), evaluation(4)}));
  EXPECT_EQ(merged_lines("", lines, 4), text({line(2), line(3), line(4), evaluation(4)}));
}

TEST(MergedLines, RoundsThatTheRunDidNotKeepGo) {
  const std::string file = text({line(1), line(2), line(3, 7)});
  EXPECT_EQ(merged_lines(file, kept({line(2)}), 2), text({line(1), line(2)}));
}

TEST(MergedLines, EachKindRises) {
  const std::string file = text({line(1), line(2), evaluation(2)});
  EXPECT_EQ(merged_lines(file, kept({line(1), line(2, 5), evaluation(2)}), 2), file);
}

TEST(MergedLines, ATornOrDamagedEndIsCutOff) {
  const std::string first = text({line(1)}), second = text({line(2)});
  EXPECT_EQ(merged_lines(first + second.substr(0, 20), kept({line(2)}), 2), first + second);
  EXPECT_EQ(merged_lines(first + "garbage\n" + text({line(3)}), kept({line(2)}), 3), first + second);
}

}  // namespace
}  // namespace muster

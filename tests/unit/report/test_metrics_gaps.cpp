#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/report/metrics_gaps.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MetricsLine line(int64_t round) {
  MetricsLine line;
  line.round = round;
  line.step = 4 * round;
  return line;
}

TEST(MetricsGaps, AWholeRunHasNone) {
  MetricsLine evaluation = line(2);
  evaluation.evaluation = true;
  const std::vector<MetricsLine> lines = {line(1), line(2), evaluation, line(3)};
  EXPECT_THAT(metrics_gaps(lines), IsEmpty());
  EXPECT_EQ(gaps_sentence({}), "");
}

TEST(MetricsGaps, EachJumpIsOne) {
  const auto gaps = metrics_gaps({line(3), line(4), line(9)});
  EXPECT_THAT(gaps, ElementsAre(MetricsGap{0, 12, 2}, MetricsGap{16, 36, 4}));
  EXPECT_EQ(gaps_sentence({gaps[1]}), "4 rounds between steps 16 and 36 are missing in metrics.jsonl");
  EXPECT_EQ(gaps_sentence(gaps),
            "6 rounds are missing in metrics.jsonl, in 2 places, first between steps 0 and 12");
}

}  // namespace
}  // namespace muster

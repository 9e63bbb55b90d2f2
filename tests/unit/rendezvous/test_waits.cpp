#include <gtest/gtest.h>

#include "muster/rendezvous/waits.h"

namespace muster {
namespace {

TEST(Waits, TheLastNoteSaysWhatTheFirstOneHasWaitedForSince) {
  Waits waits;
  EXPECT_FALSE(waits.present());
  SteadyTime since;
  {
    const Waits::Note outer(&waits, {.whom = "the others", .where = "to come"});
    since = waits.present()->since;
    const Waits::Note inner(&waits, {.whom = "rank 2", .where = "to send its address"});
    EXPECT_EQ(waits.present()->whom, "rank 2");
    EXPECT_EQ(waits.present()->since, since);
    inner.change({.whom = "rank 3", .where = "to send its address"});
    EXPECT_EQ(waits.present()->whom, "rank 3");
  }
  EXPECT_FALSE(waits.present());
}

TEST(Waits, WithoutAPlaceForThemNotesAreNothing) {
  const Waits::Note note(nullptr, {.whom = "rank 1", .where = "to come"});
  note.change({.whom = "rank 2", .where = "to come"});
}

}  // namespace
}  // namespace muster

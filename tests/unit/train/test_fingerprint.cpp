// What a checkpoint says of the run that wrote it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "muster/base/error.h"
#include "muster/checkpoint/checkpoint.h"
#include "muster/train/fingerprint.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr const char* fingerprint = R"({"run":{"workers":4,"seed":1},"schedule":{"rule":"qsr"}})";

TEST(Fingerprint, ComesBackFromACheckpoint) {
  const test::TemporaryFolder folder;
  CheckpointStore store(folder.path(), 1);
  store.save(5, {}, {}, fingerprint);
  const auto found = store.latest();
  ASSERT_TRUE(found.has_value());
  EXPECT_NO_THROW(require_same_fingerprint(found->path, found->fingerprint, fingerprint));
}

std::string mismatch(const std::string& stored, const std::string& present) {
  try {
    require_same_fingerprint("out/checkpoints/step-00000005", stored, present);
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "";
}

TEST(Fingerprint, NamesTheDifferingKeyAndBothValues) {
  EXPECT_EQ(mismatch(R"({"a":1,"b":{"c":"x"}})", R"({"b":{"c":"x"},"a":1})"), "");
  EXPECT_EQ(mismatch(R"({"run":{"workers":4,"seed":1}})", R"({"run":{"workers":2,"seed":1}})"),
            "'out/checkpoints/step-00000005' was written with run.workers = 4, this run has 2: resume with "
            "the run's own "
            "options or choose another run.out");
  EXPECT_THAT(mismatch(R"({"a":1,"b":2})", R"({"a":3,"b":4})"),
              HasSubstr("a = 1, this run has 3 (also different: b)"));
  EXPECT_THAT(mismatch(R"({"a":1})", R"({"a":1,"n":2})"), HasSubstr("n = (none), this run has 2"));
  EXPECT_THAT(mismatch(R"({"a":"qsr"})", R"({"a":[1,2]})"), HasSubstr("a = qsr, this run has [1,2]"));
  EXPECT_THROW(mismatch("[]", "{}"), Bug);
}

TEST(Fingerprint, DataMayMoveAndMayNotChange) {
  const std::string old = R"({"a":1,"task":{"test_data":"x"}})";
  const std::string one = R"({"a":1,"data":{"test":"5 bytes","training":"9 bytes, checksum 1"}})";
  const std::string two =
      R"({"a":1,"data":{"test":"5 bytes","training":"9 bytes, checksum 2"},"task":{"test_data":"y"}})";
  EXPECT_EQ(mismatch(one, one), "");
  EXPECT_EQ(mismatch(old, one), "") << "of a version that did not look at the data";
  EXPECT_EQ(mismatch(one, two),
            "'out/checkpoints/step-00000005' was written in a run with other training data (9 bytes, "
            "checksum 1; now "
            "9 bytes, checksum 2): put the old data back, or start again with another run.out");
  EXPECT_THAT(mismatch(R"({"a":2,"data":{"test":"1"}})", two), HasSubstr("other test data (1; now 5 bytes)"))
      << "before all else that differs with them";
}

TEST(Fingerprint, KnowsItsStepsAndTakesOthers) {
  EXPECT_EQ(steps_in(fingerprint), std::nullopt);
  const std::string longer = with_steps(fingerprint, 20);
  EXPECT_EQ(steps_in(longer), 20);
  EXPECT_THROW(require_same_fingerprint("here", with_steps(fingerprint, 10), longer), CheckpointError);
  EXPECT_EQ(with_steps(with_steps(fingerprint, 10), 20), longer);
}

}  // namespace
}  // namespace muster

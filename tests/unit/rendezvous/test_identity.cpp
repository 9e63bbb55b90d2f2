#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "muster/base/error.h"
#include "muster/rendezvous/identity.h"

namespace muster {
namespace {

using testing::HasSubstr;

TEST(Identity, TellsTheFirstDifference) {
  const Identity there{{"a", "1"}, {"run.seed", "1"}, {"z", "1"}};
  EXPECT_EQ(first_difference(there, there), std::nullopt);
  EXPECT_EQ(first_difference({}, {}), std::nullopt);
  EXPECT_EQ(first_difference(there, {{"a", "1"}, {"run.seed", "2"}, {"z", "2"}}),
            "run.seed is '1' there, '2' here");
  EXPECT_EQ(first_difference(there, {{"a", "1"}, {"z", "1"}}), "run.seed is '1' there, not set here");
  EXPECT_EQ(first_difference(there, {{"a", "1"}, {"b", "5"}, {"run.seed", "1"}, {"z", "1"}}),
            "b is not set there, '5' here");
  EXPECT_EQ(first_difference(there, {{"a", "1"}, {"run.seed", "1"}, {"z", "1"}, {"zz", "0"}}),
            "zz is not set there, '0' here");
}

TEST(Identity, CutsLongValuesAroundWhatDiffers) {
  const std::string same(500, 'x');
  const std::string message =
      first_difference({{"layout", same + "left" + same}}, {{"layout", same + "right" + same}}).value();
  EXPECT_LT(message.size(), 200U);
  EXPECT_THAT(message, HasSubstr("left"));
  EXPECT_THAT(message, HasSubstr("right"));
  EXPECT_THAT(first_difference({{"a", same}}, {{"a", same + "y"}}).value(), HasSubstr("xy'"));
}

TEST(Identity, SurvivesItsText) {
  for (const Identity& identity :
       {Identity{}, Identity{{"a", "1"}, {"b", ""}},
        Identity{{"", "x"}, {"a=b", "c=d\\n\n\\"}, {"n\n", "\xff"}}, Identity{{"z", std::string("\0z", 2)}}})
    EXPECT_EQ(identity_from_text(to_text(identity)), identity);
  EXPECT_EQ(to_text({{"run.seed", "1"}, {"version", "0.1"}}), "run.seed=1\nversion=0.1\n");
}

TEST(Identity, RefusesOtherText) {
  for (const char* const text :
       {"a", "a=1", "=", "\n", "b=1\na=2\n", "a=1\na=1\n", "a\\x=1\n", "a=b=c\n", "a=1\\"})
    EXPECT_THROW(identity_from_text(text), Error) << text;
}

}  // namespace
}  // namespace muster

// What a field lets through, and how it is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/choice/field.h"
#include "muster/choice/values.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

std::string message_of(const Field& field, const Value& value) {
  try {
    field.check("a.key", value);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "(fine)";
}

TEST(Field, ChecksRangesOfNumbersAndOfLists) {
  const Field field = real_field("share").above(0).at_most(1);
  EXPECT_EQ(message_of(field, 1.0), "(fine)");
  EXPECT_EQ(message_of(field, 0.0), "a.key = 0: must be > 0 and <= 1");
  EXPECT_EQ(message_of(field, 1.5), "a.key = 1.5: must be > 0 and <= 1");
  EXPECT_THAT(message_of(field, std::nan("")), HasSubstr("must be > 0"));
  const Field list = integers_field("steps").at_least(1);
  EXPECT_EQ(message_of(list, std::vector<int64_t>{1, 2}), "(fine)");
  EXPECT_EQ(message_of(list, std::vector<int64_t>{1, 0}), "a.key = 1,0: must be >= 1");
}

TEST(Field, ChecksWordsAndSuggestsTheNearest) {
  const Field field = text_field("colour").one_of({"red", "green"});
  EXPECT_EQ(message_of(field, "red"), "(fine)");
  EXPECT_EQ(message_of(field, "gren"), "a.key = gren: must be one of red, green; did you mean green?");
  EXPECT_EQ(message_of(text_field("path"), ""), "a.key = '': must not be empty");
}

TEST(Field, HoldsARuleOfItsOwn) {
  const Field field = reals_field("band").holds([](const Value& value) {
    return std::get<std::vector<double>>(value).size() == 2 ? "" : "must be two";
  });
  EXPECT_EQ(message_of(field, std::vector<double>{1, 2}), "(fine)");
  EXPECT_EQ(message_of(field, std::vector<double>{1}), "a.key = 1: must be two");
}

TEST(Field, ShowsItsDefault) {
  EXPECT_EQ(integer_field("n").otherwise(int64_t{4}).default_text(), "4");
  EXPECT_EQ(integer_field("n").absent("one per core").default_text(), "one per core");
  EXPECT_EQ(text_field("t").otherwise("").default_text(), "none");
}

TEST(Values, KnowWhatWasGivenFromWhatHolds) {
  const Field field = integer_field("n").otherwise(int64_t{4});
  Values values;
  EXPECT_FALSE(values.has("n"));
  EXPECT_FALSE(values.given<int64_t>("n"));
  EXPECT_EQ(values.held<int64_t>(field), 4);
  values.set("n", int64_t{7});
  EXPECT_EQ(values.given<int64_t>("n"), 7);
  EXPECT_EQ(values.of(field), Value(int64_t{7}));
  values.forget("n");
  EXPECT_EQ(values, Values());
}

}  // namespace
}  // namespace muster

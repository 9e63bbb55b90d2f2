// What a family of kinds says of its fields, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/choice/family.h"
#include "muster/choice/reading.h"
#include "muster/choice/unused_option.h"

namespace muster {
namespace {

using ::testing::ElementsAre;

struct SpeedOptions {
  int64_t gears = 3;
  double ratio = 2;
  std::optional<int64_t> limit{};
};
struct RoadFacts {
  int64_t lanes = 2;
};

struct VehicleKind : Kind {
  std::function<SpeedOptions(const Values&, const RoadFacts&)> options;
  std::function<void(Values&, const RoadFacts&)> fill;
};

VehicleKind vehicle(std::string name, Reading<SpeedOptions, RoadFacts> reading) {
  VehicleKind kind;
  kind.name = std::move(name);
  kind.uses = reading.uses();
  kind.options = reading;
  kind.fill = [reading](Values& values, const RoadFacts& facts) { reading.fill(values, facts); };
  return kind;
}

using O = SpeedOptions;
using VehicleReading = Reading<O, RoadFacts>;

Field gears() { return integer_field("gears").says("how many gears.").at_least(1); }
Field limit() { return integer_field("limit").says("the top speed.").in("km/h").absent("none").at_least(1); }
Field ratio() { return real_field("ratio").says("from gear to gear.").absent("the vehicle's own"); }

Family<VehicleKind> vehicles() {
  return {{.section = "way", .key = "vehicle", .usual = "car", .meaning = "On what."},
          {vehicle("bus",
                   VehicleReading().bind(gears(), &O::gears).bind(limit(), &O::limit).needed("it has one")),
           vehicle("car", VehicleReading()
                              .bind(gears(), &O::gears)
                              .means("without the reverse one")
                              .bind(ratio(), &O::ratio)
                              .usually(1.5)),
           vehicle("van", VehicleReading()
                              .bind(limit(), &O::limit)
                              .otherwise([](const RoadFacts& facts) { return Value(50 * facts.lanes); })
                              .bind(ratio(), &O::ratio)
                              .usually(1.25))}};
}

Field field_of(const Family<VehicleKind>& family, const std::string& name) {
  for (const Field& field : family.fields())
    if (field.name == name) return field;
  throw Bug("no field " + name);
}

std::string unused_message(const VehicleKind& kind, const Values& values) {
  try {
    vehicles().check_used(kind, values);
  } catch (const UnusedOption& unused) {
    return unused.what();
  }
  return "(all used)";
}

TEST(Family, ListsTheFieldsOfAllKindsOnce) {
  std::vector<std::string> names;
  for (const Field& field : vehicles().fields()) names.push_back(field.name);
  EXPECT_THAT(names, ElementsAre("gears", "limit", "ratio"));
}

TEST(Family, NamesTheKindsThatReadAField) {
  EXPECT_EQ(field_of(vehicles(), "gears").meaning, "How many gears. car: without the reverse one.");
  EXPECT_EQ(field_of(vehicles(), "limit").meaning, "bus, van: the top speed.");
}

TEST(Family, SaysWhatHoldsWhereAFieldIsAbsent) {
  EXPECT_EQ(field_of(vehicles(), "gears").default_text(), "3") << "the member's own";
  EXPECT_EQ(field_of(vehicles(), "limit").default_text(), "none; bus needs it");
  EXPECT_EQ(field_of(vehicles(), "ratio").default_text(), "1.5 for car, 1.25 for van");
}

TEST(Family, FindsKindsAndSuggestsThem) {
  EXPECT_EQ(vehicles().at("bus").name, "bus");
  EXPECT_EQ(vehicles().at("").name, "car") << "the usual one";
  try {
    vehicles().at("vn");
    FAIL() << "was found";
  } catch (const OptionError& error) {
    EXPECT_STREQ(error.what(), "way.vehicle = vn: must be one of bus, car, van; did you mean van?");
  }
}

TEST(Family, RefusesWhatTheChosenKindDoesNotRead) {
  Values values;
  values.set("limit", int64_t{90});
  EXPECT_EQ(unused_message(vehicles().at("bus"), values), "(all used)");
  EXPECT_EQ(unused_message(vehicles().at("car"), values),
            "way.limit = 90: is not used by way.vehicle = car; use bus or van, or leave it out");
  Values usual;
  usual.set("gears", int64_t{3});
  EXPECT_EQ(unused_message(vehicles().at("van"), usual), "(all used)") << "says what holds anyway";
}

TEST(Family, AKindOfTheSameNameReplacesTheOther) {
  Family<VehicleKind> family = vehicles();
  family.add(vehicle("van", VehicleReading()));
  family.add(vehicle("tram", VehicleReading()));
  EXPECT_THAT(family.words(), ElementsAre("bus", "car", "van", "tram"));
  EXPECT_TRUE(family.at("van").uses.empty());
}

TEST(Family, TwoDescriptionsOfOneFieldAreABug) {
  Family<VehicleKind> family = vehicles();
  family.add(vehicle("tram", VehicleReading().bind(integer_field("gears").says("others."), &O::gears)));
  EXPECT_THROW(family.fields(), Bug);
}

TEST(Kind, NeedsAreTold) {
  try {
    vehicles().at("bus").check_needs("way", "vehicle", {});
    FAIL() << "nothing was missed";
  } catch (const OptionError& error) {
    EXPECT_STREQ(error.what(), "way.limit = (not given): vehicle bus needs it: it has one");
  }
}

TEST(Reading, FillsOptionsFromWhatWasGivenAndFromFacts) {
  Values values;
  values.set("gears", int64_t{5});
  const SpeedOptions car = vehicles().at("car").options(values, {});
  EXPECT_EQ(car.gears, 5);
  EXPECT_EQ(car.ratio, 1.5) << "the kind's own default";
  EXPECT_FALSE(car.limit);
  EXPECT_EQ(vehicles().at("van").options(values, {.lanes = 3}).limit, 150);
}

TEST(Reading, FillWritesDefaultsThatDependOnTheRunAndLeavesWhatWasGiven) {
  Values values;
  values.set("ratio", 3.0);
  vehicles().at("van").fill(values, {.lanes = 1});
  EXPECT_EQ(values.given<int64_t>("limit"), 50);
  EXPECT_EQ(values.given<double>("ratio"), 3.0);
  EXPECT_FALSE(values.has("gears"));
}

TEST(Reading, TakenFactsComeBeforeFields) {
  const auto reading = VehicleReading()
                           .bind(gears(), &O::gears)
                           .take([](O& options, const RoadFacts& facts) { options.gears = 10 * facts.lanes; })
                           .mention(limit());
  EXPECT_EQ(reading({}, {.lanes = 4}).gears, 3) << "the field's usual value goes over it";
  EXPECT_EQ(reading.uses().size(), 2U);
}

}  // namespace
}  // namespace muster

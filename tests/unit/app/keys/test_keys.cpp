#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "muster/app/keys/key_role.h"
#include "muster/app/keys/keys.h"
#include "muster/app/options/help.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

TEST(Keys, EveryKeyIsUniqueExplainedAndInAKnownSection) {
  std::set<std::string> names, sections;
  for (const SectionTitle& title : section_titles()) sections.insert(std::string(title.name));
  for (const Key& key : catalogue.keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_TRUE(sections.count(key.section())) << key.name;
    EXPECT_FALSE(key.meaning.empty()) << key.name;
    EXPECT_FALSE(key.default_text().empty()) << key.name;
  }
  EXPECT_GE(names.size(), 50U);
}

TEST(Keys, EachSaysWhatItHasToDoWithATrainedModel) {
  for (const Key& key : catalogue.keys()) EXPECT_NO_THROW(role_of(key)) << key.name;
  EXPECT_EQ(role_of(catalogue.find_key("clusters.noise", "")), KeyRole::data);
  EXPECT_EQ(role_of(catalogue.find_key("image.pooling", "")), KeyRole::network);
  EXPECT_EQ(role_of(catalogue.find_key("task.label_noise", "")), KeyRole::preprocessing);
  EXPECT_EQ(role_of(catalogue.find_key("schedule.rule", "")), KeyRole::training);
}

TEST(Keys, ConcernModelsOfTheirKind) {
  const auto does = [](const char* key, const char* task, const char* model) {
    return concerns(catalogue, catalogue.find_key(key, ""), task, model);
  };
  EXPECT_TRUE(does("clusters.noise", "clusters", "mlp"));
  EXPECT_FALSE(does("clusters.noise", "generated", "mlp"));
  EXPECT_FALSE(does("image.pooling", "clusters", "mlp"));
  EXPECT_TRUE(does("image.pooling", "cifar10", "vgg16"));
  EXPECT_TRUE(does("gpt.heads", "markov", "gpt"));
  EXPECT_FALSE(does("gpt.heads", "folder", "resnet18"));
  EXPECT_TRUE(does("text.markov_order", "markov", "gpt"));
  EXPECT_TRUE(does("task.hidden", "clusters", "mlp"));
}

TEST(Keys, DefaultsPassTheirOwnChecks) {
  const Configuration defaults;
  for (const Key& key : catalogue.keys()) {
    const Value value = key.get(defaults);
    Configuration other;
    if (std::holds_alternative<std::monostate>(value)) continue;
    EXPECT_NO_THROW(key.set(other, value)) << key.name;
  }
}

TEST(Keys, SettingOneKeyChangesThatKeyOnly) {
  for (const Key& key : catalogue.keys()) {
    Configuration changed;
    const std::map<ValueType, std::string> texts = {
        {ValueType::integer, key.highest < 8             ? "3"
                             : key.lowest > 9            ? "128"
                             : key.default_text() == "8" ? "9"
                                                         : "8"},
        {ValueType::real, key.lowest > 0.015625 && key.highest > 1 ? "2.5" : "0.015625"},
        {ValueType::text, "x"},
        {ValueType::integers, "7,9"},
        {ValueType::reals, "3,5"}};
    if (key.type == ValueType::boolean) {
      const Value before = key.get(changed);
      key.set(changed, std::holds_alternative<std::monostate>(before) || !std::get<bool>(before));
    } else {
      const bool large = key.range_text() == ">= 1" && key.type == ValueType::real;
      key.set_text(changed, large ? "2.5" : key.words.empty() ? texts.at(key.type) : key.words.back());
    }
    for (const Key& other : catalogue.keys())
      EXPECT_EQ(other.get(changed) != other.get(Configuration{}), other.name == key.name)
          << key.name << " / " << other.name;
  }
}

TEST(Keys, UniqueLastPartIsEnough) {
  EXPECT_EQ(catalogue.find_key("rule", "").name, "schedule.rule");
  EXPECT_EQ(catalogue.find_key("steps", "").name, "run.steps");
  EXPECT_EQ(catalogue.find_key("outer.momentum", "").name, "outer.momentum");
  for (const char* ambiguous : {"momentum", "optimizer", "batch", "every", "learning_rate.x"})
    EXPECT_THROW(catalogue.find_key(ambiguous, ""), OptionError) << ambiguous;
}

TEST(Help, ListsEveryKeyWithDefaultUnitAndMeaning) {
  const std::string text = help_text(catalogue, train_help()) + help_text(catalogue, simulate_help()) +
                           help_text(catalogue, serve_help());
  std::string flat;  // without the line breaks that wrapping made
  for (const char c : text) {
    const char shown = c == '\n' ? ' ' : c;
    if (shown != ' ' || !flat.ends_with(' ')) flat += shown;
  }
  for (const Key& key : catalogue.keys()) {
    EXPECT_THAT(flat, HasSubstr("--" + key.name + " ")) << key.name;
    EXPECT_THAT(flat, HasSubstr(key.meaning)) << key.name;
    EXPECT_THAT(flat, HasSubstr("default: " + key.default_text())) << key.name;
    const std::string unit = key.unit.empty() ? "" : "unit: " + key.unit;
    EXPECT_THAT(flat, HasSubstr(unit)) << key.name;
  }
}

TEST(Keys, HyphensAndUnderscoresAreTheSame) {
  EXPECT_EQ(&catalogue.find_key("schedule.base-period", ""), &catalogue.find_key("schedule.base_period", ""));
  EXPECT_EQ(&catalogue.find_key("base-period", ""), &catalogue.find_key("base_period", ""));
  const Arguments plan = parse_arguments(catalogue, {"--probe_steps", "20"}, {{"probe-steps", "N", ""}}, 0);
  EXPECT_EQ(plan.flag("probe-steps"), "20");
  const Arguments sample = parse_arguments(catalogue, {"--top-k=3"}, {{"top_k", "K", ""}}, 0);
  EXPECT_EQ(sample.flag("top_k"), "3");
}

TEST(Arguments, FlagsMayRepeatHaveALetterOrTakeAnyWord) {
  const std::vector<CommandFlag> flags = {{"arm", "TEXT", "", {.repeats = true}},
                                          {"launch", "WORDS", "", {.any_word = true}},
                                          {"processes", "N", "", {.letter = "n"}},
                                          {"out", "FOLDER", ""}};
  const Arguments read = parse_arguments(
      catalogue, {"--arm", "a: x", "-n", "4", "--arm=b: y", "--launch", "--hosts h.txt", "--out", "o"}, flags,
      0);
  EXPECT_EQ(read.all("arm"), (std::vector<std::string>{"a: x", "b: y"}));
  EXPECT_EQ(read.flag("launch"), "--hosts h.txt");
  EXPECT_EQ(read.flag("processes"), "4");
  EXPECT_TRUE(read.all("out").empty());
  EXPECT_THROW(parse_arguments(catalogue, {"--arm"}, flags, 0), OptionError);
  EXPECT_THROW(parse_arguments(catalogue, {"--arm", "--out", "o"}, flags, 0), OptionError);
  EXPECT_THROW(parse_arguments(catalogue, {"-x", "4"}, flags, 0), OptionError);
}

}  // namespace
}  // namespace muster

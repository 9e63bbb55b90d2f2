#include "muster/app/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "muster/app/help.h"
#include "muster/app/key_role.h"
#include "muster/base/error.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

TEST(Keys, EveryKeyIsUniqueExplainedAndInAKnownSection) {
  std::set<std::string> names, sections;
  for (const SectionTitle& title : section_titles()) sections.insert(std::string(title.name));
  for (const Key& key : all_keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_TRUE(sections.count(key.section())) << key.name;
    EXPECT_FALSE(key.meaning.empty()) << key.name;
    EXPECT_FALSE(key.default_text().empty()) << key.name;
  }
  EXPECT_GE(names.size(), 50U);
}

TEST(Keys, EachSaysWhatItHasToDoWithATrainedModel) {
  for (const Key& key : all_keys()) EXPECT_NO_THROW(role_of(key)) << key.name;
  EXPECT_EQ(role_of(find_key("clusters.noise", "")), KeyRole::data);
  EXPECT_EQ(role_of(find_key("image.pooling", "")), KeyRole::network);
  EXPECT_EQ(role_of(find_key("task.label_noise", "")), KeyRole::preprocessing);
  EXPECT_EQ(role_of(find_key("schedule.rule", "")), KeyRole::training);
}

TEST(Keys, ConcernModelsOfTheirKind) {
  const auto does = [](const char* key, const char* task, const char* model) {
    return concerns(find_key(key, ""), task, model);
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
  for (const Key& key : all_keys()) {
    const Value value = key.get(defaults);
    Configuration other;
    if (std::holds_alternative<std::monostate>(value)) continue;
    EXPECT_NO_THROW(key.set(other, value)) << key.name;
  }
}

TEST(Keys, SettingOneKeyChangesThatKeyOnly) {
  for (const Key& key : all_keys()) {
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
    for (const Key& other : all_keys())
      EXPECT_EQ(other.get(changed) != other.get(Configuration{}), other.name == key.name)
          << key.name << " / " << other.name;
  }
}

TEST(Keys, UniqueLastPartIsEnough) {
  EXPECT_EQ(find_key("rule", "").name, "schedule.rule");
  EXPECT_EQ(find_key("steps", "").name, "run.steps");
  EXPECT_EQ(find_key("outer.momentum", "").name, "outer.momentum");
  for (const char* ambiguous : {"momentum", "optimizer", "batch", "every", "learning_rate.x"})
    EXPECT_THROW(find_key(ambiguous, ""), OptionError) << ambiguous;
}

TEST(Help, ListsEveryKeyWithDefaultUnitAndMeaning) {
  const std::string text = help_text(train_help()) + help_text(simulate_help()) + help_text(serve_help());
  std::string flat;  // without the line breaks that wrapping made
  for (const char c : text) {
    const char shown = c == '\n' ? ' ' : c;
    if (shown != ' ' || !flat.ends_with(' ')) flat += shown;
  }
  for (const Key& key : all_keys()) {
    EXPECT_THAT(flat, HasSubstr("--" + key.name + " ")) << key.name;
    EXPECT_THAT(flat, HasSubstr(key.meaning)) << key.name;
    EXPECT_THAT(flat, HasSubstr("default: " + key.default_text())) << key.name;
    const std::string unit = key.unit.empty() ? "" : "unit: " + key.unit;
    EXPECT_THAT(flat, HasSubstr(unit)) << key.name;
  }
}

TEST(Keys, HyphensAndUnderscoresAreTheSame) {
  EXPECT_EQ(&find_key("schedule.base-period", ""), &find_key("schedule.base_period", ""));
  EXPECT_EQ(&find_key("base-period", ""), &find_key("base_period", ""));
  const Arguments plan = parse_arguments({"--probe_steps", "20"}, {{"probe-steps", "N", ""}}, 0);
  EXPECT_EQ(plan.flag("probe-steps"), "20");
  const Arguments sample = parse_arguments({"--top-k=3"}, {{"top_k", "K", ""}}, 0);
  EXPECT_EQ(sample.flag("top_k"), "3");
}

}  // namespace
}  // namespace muster

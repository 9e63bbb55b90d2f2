// `muster models` as a user meets it: every word of task.model has a network that is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/child_process.h"

namespace muster {
namespace {

using test::Ended;
using ::testing::HasSubstr;

TEST(Models, AreListedWithTheirParameters) {
  const Ended ended = test::run({MUSTER_PROGRAM, "models", "--json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  std::map<std::string, int64_t> parameters;
  const auto told = nlohmann::json::parse(ended.out);
  for (const auto& model : told["models"]) {
    parameters[model["name"]] = model["parameters"];
    EXPECT_GT(model["parameters"].get<int64_t>(), 0);
    if (model["kind"] != "text") continue;
    EXPECT_LT(model["parameters_without_embedding"].get<int64_t>(), model["parameters"].get<int64_t>());
  }
  EXPECT_EQ(parameters.size(), 21U);
  EXPECT_EQ(parameters["resnet152"], 60192808);
  EXPECT_EQ(parameters["vit_b"], 86381800);
  EXPECT_EQ(parameters["googlenet_cifar"], 6166250);
}

TEST(Models, AreListedAsATable) {
  const Ended ended = test::run({MUSTER_PROGRAM, "models"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("138,357,544"));
  EXPECT_THAT(ended.out, HasSubstr("3x224x224, 1,000 classes"));
  EXPECT_EQ(test::run({MUSTER_PROGRAM, "models", "resnet8"}).code, 2);
}

}  // namespace
}  // namespace muster

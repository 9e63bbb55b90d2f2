#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/task/models/fits_memory.h"
#include "muster/task/models/gpt.h"
#include "muster/task/models/mlp.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

template <class Make>
std::string refused(Make make) {
  try {
    make();
  } catch (const OptionError& error) {
    return error.what();
  }
  return "(nothing was refused)";
}

TEST(FitsMemory, NetworksThatNoMachineHoldsAreRefusedBeforeTheyAreMade) {
  EXPECT_THAT(refused([] {
                make_mlp({.inputs = 8, .hidden = {1'000'000, 1'000'000, 1'000'000}, .classes = 2});
              }),
              HasSubstr("task.hidden = 1000000,1000000,1000000: makes 2e+12 parameters of 7.28 TiB"));
  EXPECT_THAT(refused([] {
                make_mlp({.inputs = 8, .hidden = std::vector<int64_t>(30, 1'000'000'000), .classes = 2});
              }),
              HasSubstr("1000000000,..."));
  EXPECT_THAT(refused([] {
                make_gpt({.context = 8, .layers = 1000, .width = 65536, .heads = 1, .head_width = 4096});
              }),
              HasSubstr("gpt.width = 65536"));
  EXPECT_EQ(refused([] { require_memory_for(1e6, "field", "value"); }), "(nothing was refused)");
}

}  // namespace
}  // namespace muster

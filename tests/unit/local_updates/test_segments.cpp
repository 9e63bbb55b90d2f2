// What becomes of a user's memory, and of calls and states that do not fit.
#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/flat/segments.h"
#include "muster/local_updates/local_updates.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/post_local.h"
#include "tests/unit/local_updates/on_ranks.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

TEST(LocalUpdatesSegments, EveryRankStartsAsRankZeroAndFrozenOnesStay) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const float mine = 1.0F + static_cast<float>(group->rank());
    Floats trained(3, mine), frozen(4, mine);
    std::vector<int64_t> counts(2, group->rank());
    LocalUpdates local(
        Segments{{.values = frozen.data(), .shape = {2, 2}, .trained = false},
                 {trained.data(), {3}},
                 {.values = counts.data(), .shape = {2}, .type = ElementType::int64, .trained = false}},
        *group, ConstantPeriod({.base_period = 1}), 10);
    EXPECT_EQ(trained, Floats(3, 1));
    EXPECT_EQ(frozen, Floats(4, 1));
    EXPECT_EQ(counts, std::vector<int64_t>(2, 0));
    trained.assign(3, mine);
    frozen.assign(4, mine);
    EXPECT_EQ(local.step(0.1)->bytes_per_worker, 12);
    EXPECT_EQ(trained, Floats(3, 1.5F));
    EXPECT_EQ(frozen, Floats(4, mine)) << "it never travels again";
  });
}

TEST(LocalUpdatesSegments, AMeetingFindsMemoryThatHasMoved) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    Floats first(3), second(3, 2.0F * static_cast<float>(group->rank()));
    Floats* now = &first;
    const auto where = [&] {
      return std::vector<Segment>{{now->data(), {static_cast<int64_t>(now->size())}}};
    };
    LocalUpdates local(Segments(where(), where), *group, ConstantPeriod({.base_period = 1}), 10);
    now = &second;
    local.step(0.1);
    EXPECT_EQ(second, Floats(3, 1));
    EXPECT_EQ(first, Floats(3, 0));
    EXPECT_EQ(local.parameters().data<float>()[2], 1);
    second.resize(4);
    EXPECT_THAT(message_of<Error>([&] { local.step(0.1); }), HasSubstr("segment 0 was found again"));
  });
}

TEST(LocalUpdatesSegments, TransposedFloat64HasItsMean) {
  on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
    Doubles matrix(6);
    LocalUpdates local(
        Segments{{.values = matrix.data(), .shape = {2, 3}, .type = ElementType::float64, .strides = {1, 2}}},
        *group, ConstantPeriod({.base_period = 1}), 10, {.measure_divergence = true});
    for (size_t i = 0; i < 6; ++i) matrix[i] = static_cast<double>(i) + group->rank();
    const auto report = local.step(0.1);
    EXPECT_EQ(matrix, (Doubles{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(report->bytes_per_worker, 48);
    EXPECT_EQ(report->divergence, 4.0);  // six elements, squares of -1, 0 and 1 over three ranks
  });
}

TEST(LocalUpdatesSegments, GradientsAreAveragedWhereTheRoundSaysSo) {
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    const auto rank = static_cast<float>(group->rank());
    Floats both(2), none(4), gradient(2, rank);
    LocalUpdates local(
        Segments{{.values = both.data(), .shape = {2}, .gradient = gradient.data()}, {none.data(), {4}}},
        *group, PostLocal({.base_period = 2, .switch_step = 1}), 3);
    EXPECT_TRUE(local.average_gradients(0.1));
    EXPECT_EQ(gradient, Floats(2, 0.5F));
    EXPECT_EQ(local.step(0.1)->what, Average::gradients);
    gradient.assign(2, rank);
    EXPECT_FALSE(local.average_gradients(0.1));
    EXPECT_EQ(gradient, Floats(2, rank));
    EXPECT_FALSE(local.step(0.1).has_value());
    EXPECT_EQ(local.step(0.1)->what, Average::parameters);
  });
}

TEST(LocalUpdatesSegments, GradientsThatOnlySomeRanksHaveAreAnErrorOnEach) {
  on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
    Floats both(2), some(3), gradient(2, static_cast<float>(group->rank())), gradient_of_some(3, 4);
    bool has = group->rank() != 1;
    const auto where = [&] {
      return std::vector<Segment>{{.values = both.data(), .shape = {2}, .gradient = gradient.data()},
                                  {.values = some.data(),
                                   .shape = {3},
                                   .gradient = has ? gradient_of_some.data() : nullptr,
                                   .name = "some"}};
    };
    LocalUpdates local(Segments(where(), where), *group, EveryStep(), 3);
    EXPECT_THAT(message_of<Error>([&] { local.average_gradients(0.1); }),
                HasSubstr("segment 'some' has a gradient on some ranks only"));
    EXPECT_EQ(gradient, Floats(2, static_cast<float>(group->rank()))) << "nothing is written";
    has = true;
    EXPECT_TRUE(local.average_gradients(0.1)) << "it may be called again";
    EXPECT_EQ(gradient, Floats(2, 1));
    EXPECT_EQ(gradient_of_some, Floats(3, 4));
  });
}

TEST(LocalUpdatesSegments, ThatCannotBeTakenChangeNothing) {
  Solo alone;
  Floats values = {1, 2};
  Doubles wide = {3};
  EXPECT_THAT(message_of<Error>([&] {
                LocalUpdates(Segments{{values.data(), {2}}, {wide.data(), {1}, ElementType::float64}}, alone,
                             ConstantPeriod({}), 10);
              }),
              HasSubstr("segment 1 is trained in Double"));
  EXPECT_EQ(values, (Floats{1, 2}));
}

TEST(LocalUpdatesSegments, CanBeTakenAgainByASecondRun) {
  Floats a(3), b(2);
  Solo alone;
  { const LocalUpdates first(Segments{{a.data(), {3}}, {b.data(), {2}}}, alone, ConstantPeriod({}), 10); }
  a.assign(3, 3);
  LocalUpdates second(Segments{{b.data(), {2}}, {a.data(), {3}}}, alone, ConstantPeriod({}), 10);
  const Vector all = second.parameters();
  EXPECT_EQ(Floats(all.data<float>(), all.data<float>() + all.size()), (Floats{0, 0, 3, 3, 3}));
}

/// Parameters that say they lie on a GPU.
class FarParameters final : public ParameterSource {
 public:
  ElementType type() const override { return ElementType::float32; }
  int64_t size() const override { return 4; }
  int64_t count() const override { return 1; }
  Device device() const override { return {Device::Kind::cuda, 0}; }
  int64_t fingerprint() const override { return 1; }
  void refresh() override {}
  void pack(const Vector&) const override { FAIL(); }
  void unpack(const Vector&) override { FAIL(); }
  void pack_gradients(const Vector&) const override { FAIL(); }
  void unpack_gradients(const Vector&) override { FAIL(); }
  int64_t frozen_bytes() const override { return 0; }
  void pack_frozen(const Vector&) const override { FAIL(); }
  void unpack_frozen(const Vector&) override { FAIL(); }
};

TEST(LocalUpdatesErrors, ParametersOnAnotherDeviceAreRefusedByName) {
  Solo alone;
  EXPECT_THAT(message_of<Error>([&] {
                LocalUpdates(std::make_unique<FarParameters>(), alone,
                             std::make_unique<ConstantPeriod>(ConstantPeriodOptions{}), 10);
              }),
              HasSubstr("cuda:0"));
}

TEST(LocalUpdatesErrors, CallsOutOfTurn) {
  Solo alone;
  Floats values(3);
  const Segments parameters{{values.data(), {3}}};
  EXPECT_THAT(message_of<OptionError>([&] { LocalUpdates(parameters, alone, ConstantPeriod({}), 0); }),
              HasSubstr("total_steps = 0"));
  EXPECT_THAT(message_of<OptionError>([&] {
                LocalUpdates(parameters, alone, ConstantPeriod({}), 1,
                             {.deadline = std::chrono::milliseconds(0)});
              }),
              HasSubstr("deadline = 0 ms"));
  LocalUpdates gradients(parameters, alone, EveryStep(), 2);
  EXPECT_THAT(message_of<Error>([&] { gradients.step(0.1); }),
              HasSubstr("step 0 averages gradients: call average_gradients"));
  EXPECT_THAT(message_of<OptionError>([&] { gradients.step(-0.1); }), HasSubstr("learning_rate = -0.1"));
  EXPECT_THAT(message_of<OptionError>([&] { gradients.average_gradients(NAN); }), HasSubstr("learning_rate"));
  gradients.average_gradients(0.1);
  EXPECT_THAT(message_of<Error>([&] { gradients.average_gradients(0.1); }), HasSubstr("twice in step 0"));
  EXPECT_THAT(message_of<Error>([&] { gradients.step(0.2); }),
              HasSubstr("step(0.2) after average_gradients(0.1)"));
  EXPECT_THROW(gradients.state(), Bug);
  EXPECT_EQ(gradients.steps_done(), 0);
  gradients.step(0.1);
  gradients.average_gradients(0.1);
  gradients.step(0.1);
  EXPECT_THAT(message_of<Error>([&] { gradients.step(0.1); }), HasSubstr("total_steps = 2 steps is over"));
  EXPECT_THAT(message_of<Error>([&] { gradients.average_gradients(0.1); }), HasSubstr("is over"));
  LocalUpdates listening(parameters, alone, LossDriven({}), 2);
  EXPECT_THAT(message_of<Error>([&] { listening.step(0.1); }), HasSubstr("step 0 came without its loss"));
}

TEST(LocalUpdatesErrors, StatesOfOtherRunsAreRefusedAndChangeNothing) {
  Solo alone;
  Floats values(6);
  const auto make = [&](std::vector<int64_t> shape, int64_t steps) {
    return std::make_unique<LocalUpdates>(Segments{{values.data(), std::move(shape)}}, alone, LossDriven({}),
                                          steps);
  };
  const auto run = make({2, 3}, 10);
  run->step(0.1, 2.0);
  const State good = run->state();
  const auto refusal = [&](LocalUpdates& other, const State& state) {
    const State before = other.state();
    const auto message = message_of<CheckpointError>([&] { other.restore(state); });
    EXPECT_EQ(other.state().numbers, before.numbers);
    return message;
  };
  EXPECT_THAT(refusal(*make({2, 3}, 11), good), HasSubstr("total_steps = 10, this one has 11"));
  EXPECT_THAT(refusal(*make({3, 2}, 10), good), HasSubstr("fingerprint"));
  State other_rank = good;
  other_rank.numbers.set("ranks", int64_t{2});
  EXPECT_THAT(refusal(*make({2, 3}, 10), other_rank), HasSubstr("ranks = 2, this one has 1"));
  State broken = good;
  broken.numbers.set("schedule.phase", int64_t{7});
  EXPECT_THAT(refusal(*make({2, 3}, 10), broken), HasSubstr("phase = 7"));
  State torn = good;
  torn.tensors.erase("parameters");
  EXPECT_THAT(refusal(*make({2, 3}, 10), torn), HasSubstr("'parameters'"));
  EXPECT_THAT(refusal(*make({2, 3}, 10), {}), HasSubstr("total_steps"));
}

TEST(LocalUpdatesErrors, BetweenRoundsAStateFitsAnyNumberOfRanks) {
  State saved;
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    Floats weight(3);
    LocalUpdates local(Segments{{weight.data(), {3}}}, *group, ConstantPeriod({.base_period = 2}), 10);
    weight.assign(3, 1.0F + static_cast<float>(group->rank()));
    local.step(0.1);
    local.step(0.1);
    if (group->rank() == 1) saved = local.state();
  });
  Floats weight(3);
  Solo alone;
  LocalUpdates local(Segments{{weight.data(), {3}}}, alone, ConstantPeriod({.base_period = 2}), 10);
  local.restore(saved);
  EXPECT_EQ(local.steps_done(), 2);
  EXPECT_EQ(weight, Floats(3, 1.5F));
}

}  // namespace
}  // namespace muster

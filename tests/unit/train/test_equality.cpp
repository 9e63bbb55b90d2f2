#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "muster/base/error.h"
#include "muster/comm/thread_group.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/train/equality.h"

namespace muster {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Layout layout_of_two() {
  Layout layout;
  layout.add("first.weight", {10, 3});
  layout.add("second.bias", {7});
  return layout;
}

/// What every rank of three is told after `change` has had its way with its vectors; empty: all are equal.
std::vector<std::string> compare(const std::function<void(int rank, std::vector<Shared>& vectors)>& change) {
  auto group = ThreadGroup::make(3);
  std::vector<std::string> told(3);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.emplace_back([&, rank] {
      const Layout layout = layout_of_two();
      std::vector<Shared> vectors;
      for (const char* name : {"worker", "anchor"}) vectors.push_back({name, flat_vector(layout.size())});
      vectors.push_back({"outer optimizer's count", flat_vector(1, ElementType::float64)});
      for (const Shared& shared : vectors) fill(shared.vector, 0.25);
      change(rank, vectors);
      try {
        require_equal_on_all_ranks(*group[static_cast<size_t>(rank)], vectors, layout,
                                   deadline_in(std::chrono::seconds(20)));
      } catch (const Error& error) {
        told[static_cast<size_t>(rank)] = error.what();
      }
    });
  for (std::thread& rank : ranks) rank.join();
  return told;
}

/// Flips the lowest bit.
void flip(const Vector& vector, int64_t element) {
  vector.as(ElementType::byte).data<uint8_t>()[element * bytes_of(vector.type())] ^= 1;
}

TEST(Equality, EqualVectorsPass) {
  for (const std::string& told : compare([](int, std::vector<Shared>&) {})) EXPECT_EQ(told, "");
}

TEST(Equality, OneFlippedBitIsFoundByEveryRankAndItsLayerNamed) {
  const auto told = compare([](int rank, std::vector<Shared>& vectors) {
    if (rank == 2) flip(vectors[1].vector, 33);
  });
  for (const std::string& one : told)
    EXPECT_THAT(one, AllOf(HasSubstr("layer 'second.bias' of the anchor"), HasSubstr("rank 2")));
}

TEST(Equality, TheFirstDifferingLayerIsNamed) {
  const auto told = compare([](int rank, std::vector<Shared>& vectors) {
    if (rank == 1) flip(vectors[0].vector, 0), flip(vectors[0].vector, 36), flip(vectors[1].vector, 5);
  });
  for (const std::string& one : told) EXPECT_THAT(one, HasSubstr("layer 'first.weight' of the worker"));
}

TEST(Equality, AVectorWithoutLayersIsNamedWhole) {
  const auto told = compare([](int rank, std::vector<Shared>& vectors) {
    if (rank == 1) flip(vectors[2].vector, 0);
  });
  for (const std::string& one : told)
    EXPECT_THAT(one, HasSubstr("outer optimizer's count differs between rank 1"));
}

}  // namespace
}  // namespace muster

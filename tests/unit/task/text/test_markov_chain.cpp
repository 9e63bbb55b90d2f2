#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "muster/base/error.h"
#include "muster/task/text/markov_chain.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

TEST(MarkovChain, RowsAreDistributionsAndTheStationaryOneStays) {
  for (const MarkovOptions& options :
       {MarkovOptions{5, 1, 3}, MarkovOptions{16, 2, 4}, MarkovOptions{2, 4, 1}}) {
    const MarkovChain chain(options);
    std::vector<double> next(static_cast<size_t>(chain.states()), 0.0);
    for (int64_t state = 0; state < chain.states(); ++state) {
      double sum = 0;
      for (int64_t symbol = 0; symbol < options.vocabulary; ++symbol) {
        const double p = chain.probability(state, symbol);
        EXPECT_GT(p, 0);
        sum += p;
        next[static_cast<size_t>((state * options.vocabulary + symbol) % chain.states())] +=
            p * chain.stationary()[static_cast<size_t>(state)];
      }
      EXPECT_NEAR(sum, 1, 1e-12);
    }
    for (size_t s = 0; s < next.size(); ++s) EXPECT_NEAR(next[s], chain.stationary()[s], 1e-11);
    EXPECT_NEAR(std::accumulate(next.begin(), next.end(), 0.0), 1, 1e-10);
  }
}

TEST(MarkovChain, EntropyOfTwoSymbolsIsTheClosedForm) {
  const MarkovChain chain({2, 1, 9});
  const double a = chain.probability(0, 1), b = chain.probability(1, 0);
  const auto h = [](double p) { return -p * std::log(p) - (1 - p) * std::log(1 - p); };
  EXPECT_NEAR(chain.entropy(), (b * h(a) + a * h(b)) / (a + b), 1e-10);
}

// What the chain itself would lose on its text, place by place; the standard error by batches of 1,000.
TEST(MarkovChain, TextLosesTheEntropyOnAverage) {
  for (const MarkovOptions& options : {MarkovOptions{16, 1, 5}, MarkovOptions{16, 2, 5}}) {
    const MarkovChain chain(options);
    const auto text = chain.text(400000, {5, Purpose::test, 1, 0});
    std::vector<double> means;
    int64_t state = 0;
    double sum = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (i >= 1000) sum -= std::log(chain.probability(state, text[i]));
      state = (state * options.vocabulary + text[i]) % chain.states();
      if (i >= 1000 && i % 1000 == 999) means.push_back(sum / 1000), sum = 0;
    }
    const auto count = static_cast<double>(means.size());
    const double mean = std::accumulate(means.begin(), means.end(), 0.0) / count;
    double square = 0;
    for (const double value : means) square += (value - mean) * (value - mean);
    const double error = std::sqrt(square / (count - 1) / count);
    EXPECT_NEAR(mean, chain.entropy(), 4 * error);
    EXPECT_LT(error, 0.01 * chain.entropy());
    EXPECT_LT(chain.entropy(), 0.8 * std::log(16.0));
  }
}

TEST(MarkovChain, IsAFunctionOfSeedAndKey) {
  const MarkovChain a({8, 2, 1}), same({8, 2, 1}), other({8, 2, 2});
  EXPECT_EQ(a.entropy(), same.entropy());
  EXPECT_NE(a.entropy(), other.entropy());
  const RandomKey key{1, Purpose::test, 0, 0}, another{1, Purpose::test, 1, 0};
  EXPECT_EQ(a.text(100, key), same.text(100, key));
  EXPECT_NE(a.text(100, key), a.text(100, another));
}

TEST(MarkovChain, RefusesTablesThatAreTooLarge) {
  for (const auto& [options, message] :
       {std::pair{MarkovOptions{32, 4, 0}, "text.vocabulary = 32: a Markov chain of order 4"},
        std::pair{MarkovOptions{100000, 1, 0}, "text.vocabulary = 100000"},
        std::pair{MarkovOptions{1, 1, 0}, "text.vocabulary = 1: must be at least 2"},
        std::pair{MarkovOptions{8, 0, 0}, "text.markov_order = 0: must be at least 1"}}) {
    try {
      options.validate();
      ADD_FAILURE() << "was accepted: " << message;
    } catch (const OptionError& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

}  // namespace
}  // namespace muster

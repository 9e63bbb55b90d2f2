#include "muster/task/text/markov_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

constexpr int64_t most_entries = int64_t{1} << 22;
constexpr int64_t likely_symbols = 8;
constexpr double shared_by_all = 0.05;
constexpr int most_iterations = 100000;

// The symbol at which a running sum of `weights` passes `mark`.
int64_t symbol_at(const double* running, int64_t count, double mark) {
  return std::min<int64_t>(count - 1, std::upper_bound(running, running + count, mark) - running);
}

}  // namespace

void MarkovOptions::validate() const {
  if (order < 1) throw OptionError("text.markov_order", std::to_string(order), "must be at least 1");
  if (vocabulary < 2) throw OptionError("text.vocabulary", std::to_string(vocabulary), "must be at least 2");
  int64_t entries = 1;
  for (int64_t i = 0; i <= order; ++i) {
    entries *= vocabulary;
    if (vocabulary > most_entries || entries > most_entries)
      throw OptionError("text.vocabulary", std::to_string(vocabulary),
                        fmt::format("a Markov chain of order {} would need a table of more than {} numbers; "
                                    "use fewer symbols, or a lower text.markov_order",
                                    order, most_entries));
  }
}

MarkovChain::MarkovChain(const MarkovOptions& options) : options_(options) {
  options_.validate();
  make_rows();
  find_stationary();
  for (int64_t state = 0; state < states(); ++state) {
    double row = 0;
    for (int64_t symbol = 0; symbol < options_.vocabulary; ++symbol) {
      const double p = probability(state, symbol);
      row -= p * std::log(p);
    }
    entropy_ += stationary_[static_cast<size_t>(state)] * row;
  }
}

double MarkovChain::probability(int64_t state, int64_t symbol) const {
  return rows_[static_cast<size_t>(state * options_.vocabulary + symbol)];
}

// Exponential variables over their sum are uniform on the simplex. The likely symbols are the first of a
// permutation, made as far as needed.
void MarkovChain::make_rows() {
  const int64_t symbols = options_.vocabulary, likely = std::min(symbols, likely_symbols);
  int64_t state_count = 1;
  for (int64_t i = 0; i < options_.order; ++i) state_count *= symbols;
  stationary_.assign(static_cast<size_t>(state_count), 1.0 / static_cast<double>(state_count));
  rows_.assign(static_cast<size_t>(state_count * symbols), shared_by_all / static_cast<double>(symbols));
  std::vector<int64_t> order(static_cast<size_t>(symbols));
  std::vector<double> shares(static_cast<size_t>(likely));
  for (int64_t state = 0; state < state_count; ++state) {
    RandomStream stream({options_.seed, Purpose::generated_data, 0, static_cast<uint64_t>(state)});
    std::iota(order.begin(), order.end(), 0);
    for (double& share : shares) share = -std::log(1.0 - stream.uniform());
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (int64_t i = 0; i < likely; ++i) {
      const auto other =
          static_cast<size_t>(i + static_cast<int64_t>(stream.below(static_cast<uint64_t>(symbols - i))));
      std::swap(order[static_cast<size_t>(i)], order[other]);
      rows_[static_cast<size_t>(state * symbols + order[static_cast<size_t>(i)])] +=
          (1.0 - shared_by_all) * shares[static_cast<size_t>(i)] / sum;
    }
  }
}

// From state s, symbol c leads to (s x symbols + c) mod states.
void MarkovChain::find_stationary() {
  const int64_t symbols = options_.vocabulary;
  std::vector<double> next(stationary_.size());
  for (int i = 0; i < most_iterations; ++i) {
    std::fill(next.begin(), next.end(), 0.0);
    for (int64_t state = 0; state < states(); ++state) {
      const double mass = stationary_[static_cast<size_t>(state)];
      double* const to = next.data() + state * symbols % states();
      for (int64_t symbol = 0; symbol < symbols; ++symbol) to[symbol] += mass * probability(state, symbol);
    }
    double change = 0;
    for (size_t s = 0; s < next.size(); ++s) change += std::abs(next[s] - stationary_[s]);
    stationary_.swap(next);
    if (change < 1e-12) return;
  }
  throw Bug("the stationary distribution of a Markov chain was not found");
}

std::vector<uint32_t> MarkovChain::text(int64_t count, const RandomKey& key) const {
  const int64_t symbols = options_.vocabulary;
  std::vector<double> running(rows_.size()), start(stationary_.size());
  for (int64_t state = 0; state < states(); ++state)
    std::partial_sum(rows_.begin() + state * symbols, rows_.begin() + (state + 1) * symbols,
                     running.begin() + state * symbols);
  std::partial_sum(stationary_.begin(), stationary_.end(), start.begin());
  RandomStream stream(key);
  int64_t state = symbol_at(start.data(), states(), stream.uniform());
  std::vector<uint32_t> tokens(static_cast<size_t>(count));
  for (uint32_t& token : tokens) {
    const int64_t symbol = symbol_at(running.data() + state * symbols, symbols, stream.uniform());
    token = static_cast<uint32_t>(symbol);
    state = (state * symbols + symbol) % states();
  }
  return tokens;
}

}  // namespace muster::inline task

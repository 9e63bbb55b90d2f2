#pragma once

#include <cstdint>
#include <vector>

#include "muster/base/random.h"

namespace muster::inline task {

struct MarkovOptions {
  int64_t vocabulary = 32;  ///< symbols
  int64_t order = 2;        ///< symbols back that the next one depends on
  uint64_t seed = 0;        ///< of the transition probabilities
  /// Throws OptionError on text.vocabulary or text.markov_order; vocabulary^(order + 1) is at most 2^22.
  void validate() const;
};

/// A source of text whose entropy is known (Shannon, 1948). After each state (the last `order` symbols) a few
/// symbols chosen at random, min(vocabulary, 8), share 95 % of the probability (uniform over all ways to
/// share it), and all symbols share the rest evenly; so every symbol may follow every other, and there is one
/// stationary distribution.
class MarkovChain {
 public:
  explicit MarkovChain(const MarkovOptions& options);

  int64_t states() const { return static_cast<int64_t>(stationary_.size()); }
  /// P(symbol | state); states count as numbers in base `vocabulary`, the oldest symbol first.
  double probability(int64_t state, int64_t symbol) const;
  /// By power iteration, to 1e-12 in total variation.
  const std::vector<double>& stationary() const { return stationary_; }

  /// - sum over states s of stationary(s) x sum over symbols of P log P, in nats: the least mean loss of
  /// whatever predicts the next symbol from all symbols before it.
  double entropy() const { return entropy_; }

  /// `count` symbols in a row, beginning in the stationary distribution.
  std::vector<uint32_t> text(int64_t count, const RandomKey& key) const;

 private:
  void make_rows();
  void find_stationary();

  MarkovOptions options_;
  std::vector<double> rows_;  // states x vocabulary
  std::vector<double> stationary_;
  double entropy_ = 0;
};

}  // namespace muster::inline task

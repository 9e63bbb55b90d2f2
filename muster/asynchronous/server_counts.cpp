#include "muster/asynchronous/server_counts.h"

#include <algorithm>
#include <string>

namespace muster::inline asynchronous {

namespace {

constexpr size_t longest_histogram = 1024;

}  // namespace

double ServerCounts::staleness_mean() const {
  const int64_t counted = of(Verdict::counted);
  return counted == 0 ? 0 : static_cast<double>(staleness_sum) / static_cast<double>(counted);
}

void ServerCounts::add_staleness(int64_t of_one) {
  staleness_sum += of_one;
  staleness_max = std::max(staleness_max, of_one);
  const size_t place = std::min(static_cast<size_t>(of_one), longest_histogram - 1);
  if (staleness.size() <= place) staleness.resize(place + 1, 0);
  ++staleness[place];
}

Numbers ServerCounts::state() const {
  Numbers numbers;
  for (int i = 0; i < verdicts; ++i)
    numbers.set(std::string(word_of(static_cast<Verdict>(i))), contributions[static_cast<size_t>(i)]);
  numbers.set("tokens", tokens);
  numbers.set("joined", joined);
  numbers.set("left", left);
  numbers.set("releases", releases);
  numbers.set("staleness_sum", staleness_sum);
  numbers.set("staleness_max", staleness_max);
  numbers.set("staleness", static_cast<int64_t>(staleness.size()));
  for (size_t i = 0; i < staleness.size(); ++i) numbers.set("staleness" + std::to_string(i), staleness[i]);
  return numbers;
}

void ServerCounts::restore(const Numbers& numbers) {
  for (int i = 0; i < verdicts; ++i)
    contributions[static_cast<size_t>(i)] = numbers.integer(word_of(static_cast<Verdict>(i)));
  tokens = numbers.integer("tokens");
  joined = numbers.integer("joined");
  left = numbers.integer("left");
  releases = numbers.integer("releases");
  staleness_sum = numbers.integer("staleness_sum");
  staleness_max = numbers.integer("staleness_max");
  staleness.resize(static_cast<size_t>(numbers.integer("staleness")));
  for (size_t i = 0; i < staleness.size(); ++i)
    staleness[i] = numbers.integer("staleness" + std::to_string(i));
}

}  // namespace muster::inline asynchronous

#include "muster/task/samplers/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/task/samplers/dirichlet.h"
#include "muster/task/samplers/permutation.h"

namespace muster::inline task {

namespace {

constexpr int64_t dirichlet_draws = 100;

// Streams of Purpose::partition: `a` says what is drawn, `b` the attempt or nothing.
constexpr uint64_t order_of_samples = 0, shares_of_workers = 1;

/// The samples of each class in random order, classes ascending.
std::map<int64_t, std::vector<int64_t>> samples_by_class(std::span<const int64_t> classes, uint64_t seed) {
  const auto order = random_permutation(static_cast<int64_t>(classes.size()),
                                        {seed, Purpose::partition, order_of_samples, 0});
  std::map<int64_t, std::vector<int64_t>> by_class;
  for (const int64_t sample : order) by_class[classes[static_cast<size_t>(sample)]].push_back(sample);
  return by_class;
}

/// Ends of the workers' shares of a class of `size` samples, rounded; the last is `size`.
std::vector<int64_t> ends_of_shares(const std::vector<double>& shares, int64_t size) {
  std::vector<int64_t> ends;
  double sum = 0;
  for (const double share : shares) {
    sum += share;
    ends.push_back(std::min(size, static_cast<int64_t>(std::llround(sum * static_cast<double>(size)))));
  }
  ends.back() = size;
  return ends;
}

/// One draw: for each class the ends of the workers' shares.
std::vector<std::vector<int64_t>> draw_ends(const std::map<int64_t, std::vector<int64_t>>& by_class,
                                            const DirichletSplit& options, int64_t attempt) {
  RandomStream stream({options.seed, Purpose::partition, shares_of_workers, static_cast<uint64_t>(attempt)});
  std::vector<std::vector<int64_t>> ends;
  for (const auto& [label, samples] : by_class)
    ends.push_back(ends_of_shares(dirichlet_variate(options.alpha, options.workers, stream),
                                  static_cast<int64_t>(samples.size())));
  return ends;
}

/// The worker with the fewest samples, and how many.
std::pair<size_t, int64_t> poorest(const std::vector<std::vector<int64_t>>& ends, int64_t workers) {
  std::vector<int64_t> sizes(static_cast<size_t>(workers), 0);
  for (const auto& of_class : ends)
    for (size_t worker = 0; worker < sizes.size(); ++worker)
      sizes[worker] += of_class[worker] - (worker > 0 ? of_class[worker - 1] : 0);
  const auto least = std::min_element(sizes.begin(), sizes.end());
  return {static_cast<size_t>(least - sizes.begin()), *least};
}

}  // namespace

Partition split_by_class(std::span<const int64_t> classes, int64_t workers, uint64_t seed) {
  invariant(workers >= 1, "a split needs workers");
  std::vector<int64_t> sorted;
  for (const auto& [label, samples] : samples_by_class(classes, seed))
    sorted.insert(sorted.end(), samples.begin(), samples.end());
  const auto size = static_cast<int64_t>(sorted.size());
  Partition parts;
  auto from = sorted.begin();
  for (int64_t worker = 0; worker < workers; ++worker) {
    const auto to = from + size / workers + (worker < size % workers ? 1 : 0);
    parts.emplace_back(from, to);
    from = to;
  }
  return parts;
}

Partition split_dirichlet(std::span<const int64_t> classes, const DirichletSplit& options) {
  invariant(options.workers >= 1, "a split needs workers");
  const auto by_class = samples_by_class(classes, options.seed);
  std::vector<std::vector<int64_t>> ends;
  for (int64_t attempt = 0;; ++attempt) {
    ends = draw_ends(by_class, options, attempt);
    const auto [worker, size] = poorest(ends, options.workers);
    if (size >= options.at_least) break;
    if (attempt + 1 < dirichlet_draws) continue;
    throw OptionError(
        "task.dirichlet_alpha", format_number(options.alpha),
        fmt::format("in each of {} draws some worker got fewer than the {} samples of its batch (in the last "
                    "worker {} got {}); use a larger alpha, fewer workers or a smaller batch",
                    dirichlet_draws, options.at_least, worker, size));
  }
  Partition parts(static_cast<size_t>(options.workers));
  auto of_class = ends.begin();
  for (const auto& [label, samples] : by_class) {
    int64_t first = 0;
    for (size_t worker = 0; worker < parts.size(); ++worker) {
      const int64_t end = (*of_class)[worker];
      parts[worker].insert(parts[worker].end(), samples.begin() + first, samples.begin() + end);
      first = end;
    }
    ++of_class;
  }
  return parts;
}

Partition split_by_group(std::span<const int64_t> groups, int64_t workers) {
  invariant(workers >= 1, "a split needs workers");
  std::map<int64_t, std::vector<int64_t>> members;
  for (size_t sample = 0; sample < groups.size(); ++sample)
    members[groups[sample]].push_back(static_cast<int64_t>(sample));
  if (static_cast<int64_t>(members.size()) < workers)
    throw OptionError("run.workers", std::to_string(workers),
                      fmt::format("there are only {} documents to deal to them; use at most {} workers",
                                  members.size(), members.size()));
  std::vector<const std::vector<int64_t>*> largest_first;
  for (const auto& [group, samples] : members) largest_first.push_back(&samples);
  std::stable_sort(largest_first.begin(), largest_first.end(),
                   [](const auto* a, const auto* b) { return a->size() > b->size(); });
  Partition parts(static_cast<size_t>(workers));
  for (const auto* samples : largest_first) {
    auto& part = *std::min_element(parts.begin(), parts.end(),
                                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
    part.insert(part.end(), samples->begin(), samples->end());
  }
  return parts;
}

}  // namespace muster::inline task

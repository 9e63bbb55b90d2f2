#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace muster::inline task {

/// Which samples every worker owns: each sample belongs to exactly one worker. Functions of their arguments.
using Partition = std::vector<std::vector<int64_t>>;

/// The samples sorted by class (within a class in random order) and cut into equal parts, the first ones one
/// sample larger where they do not divide: the split in which workers differ most (McMahan et al., AISTATS
/// 2017, with one shard for each worker). `classes` holds the class of each sample.
Partition split_by_class(std::span<const int64_t> classes, int64_t workers, uint64_t seed);

struct DirichletSplit {
  int64_t workers = 1;
  double alpha = 0.5;    ///< small: few classes for every worker; large: the same mixture for all
  int64_t at_least = 1;  ///< samples that every worker must get
  uint64_t seed = 0;
};

/// Of every class the workers get shares drawn from Dirichlet(alpha) over the workers; which samples these
/// are is random. (Yurochkin et al., ICML 2019. Hsu et al., 2019, draw the other way round, for each worker
/// the shares of its classes, and leave samples over.) Shares are rounded so that no sample is lost. A draw
/// that leaves a worker with fewer than `at_least` samples is made again, up to 100 times, as Li et al. (ICDE
/// 2022) do; then throws OptionError on task.dirichlet_alpha.
Partition split_dirichlet(std::span<const int64_t> classes, const DirichletSplit& options);

/// Whole groups (documents) dealt out, the largest first and each to the worker that has the fewest samples
/// so far (Graham, 1969: the largest load exceeds the best possible one by a third at most). `groups` holds
/// the group of each sample, >= 0. Throws OptionError on run.workers where there are fewer groups than
/// workers.
Partition split_by_group(std::span<const int64_t> groups, int64_t workers);

}  // namespace muster::inline task

#include "muster/theory/convex/packed_rows.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "muster/base/error.h"

namespace muster::inline theory {

namespace {

uint64_t stirred(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 29);
}

class Packing {
 public:
  Packing(const SparseRows& rows, const std::vector<double>& labels) : rows_(rows), labels_(labels) {}

  PackedRows pack() {
    packed_.features = rows_.features;
    packed_.rows.resize(static_cast<size_t>(rows_.samples()));
    unit_ = std::all_of(rows_.values.begin(), rows_.values.end(),
                        [](double value) { return value == 0 || value == 1; });
    for (const auto& [hash, sample] : by_hash()) place(hash, sample);
    sort_by_count();
    return std::move(packed_);
  }

 private:
  struct Hashed {
    uint64_t hash;
    int64_t sample;
    bool operator<(const Hashed& other) const {
      return hash != other.hash ? hash < other.hash : sample < other.sample;
    }
  };

  std::vector<Hashed> by_hash() const {
    std::vector<Hashed> all(packed_.rows.size());
    for (size_t i = 0; i < all.size(); ++i) {
      uint64_t hash = stirred(1, std::bit_cast<uint64_t>(labels_[i]));
      for (int64_t e = rows_.starts[i]; e < rows_.starts[i + 1]; ++e) {
        hash = stirred(hash, static_cast<uint64_t>(rows_.columns[static_cast<size_t>(e)]));
        if (!unit_) hash = stirred(hash, std::bit_cast<uint64_t>(rows_.values[static_cast<size_t>(e)]));
      }
      all[i] = {hash, static_cast<int64_t>(i)};
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  // Finds an equal sample among those of the same hash, or adds this one.
  void place(uint64_t hash, int64_t sample) {
    if (hash != hash_) first_of_hash_ = packed_.distinct.size();
    hash_ = hash;
    take_entries(sample);
    packed_.entries += static_cast<int64_t>(entry_columns_.size());
    packed_.empty_rows += entry_columns_.empty() ? 1 : 0;
    size_t found = first_of_hash_;
    while (found < packed_.distinct.size() && !equal(packed_.distinct[found], sample)) ++found;
    if (found == packed_.distinct.size()) add(sample);
    ++packed_.counts[found];
    packed_.rows[static_cast<size_t>(sample)] = packed_.distinct[found];
  }

  void take_entries(int64_t sample) {
    entry_columns_.clear();
    entry_values_.clear();
    const auto i = static_cast<size_t>(sample);
    for (auto e = static_cast<size_t>(rows_.starts[i]); e < static_cast<size_t>(rows_.starts[i + 1]); ++e) {
      if (rows_.values[e] == 0) continue;
      entry_columns_.push_back(static_cast<uint32_t>(rows_.columns[e]));
      entry_values_.push_back(rows_.values[e]);
    }
  }

  bool equal(const PackedRow& row, int64_t sample) const {
    if (row.label != labels_[static_cast<size_t>(sample)]) return false;
    size_t at = 0;
    bool same = true;
    packed_.for_each(row, [&](uint32_t column, double value) {
      same = same && at < entry_columns_.size() && entry_columns_[at] == column && entry_values_[at] == value;
      ++at;
    });
    return same && at == entry_columns_.size();
  }

  void add(int64_t sample) {
    const size_t first = packed_.columns.size() / 4,
                 groups = std::max<size_t>(1, (entry_columns_.size() + 3) / 4);
    if (first + groups > std::numeric_limits<uint32_t>::max())
      throw DataError("the data have more than 17 thousand million entries; take a part of them");
    entry_columns_.resize(4 * groups, static_cast<uint32_t>(packed_.features));
    entry_values_.resize(4 * groups, 0);
    packed_.columns.insert(packed_.columns.end(), entry_columns_.begin(), entry_columns_.end());
    if (!unit_) packed_.values.insert(packed_.values.end(), entry_values_.begin(), entry_values_.end());
    packed_.distinct.push_back(
        {static_cast<uint32_t>(first), static_cast<uint32_t>(groups), labels_[static_cast<size_t>(sample)]});
    packed_.counts.push_back(0);
  }

  void sort_by_count() {
    std::vector<size_t> order(packed_.distinct.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return packed_.counts[a] < packed_.counts[b]; });
    std::vector<PackedRow> distinct;
    std::vector<int64_t> counts;
    for (const size_t i : order) {
      distinct.push_back(packed_.distinct[i]);
      counts.push_back(packed_.counts[i]);
    }
    packed_.distinct = std::move(distinct);
    packed_.counts = std::move(counts);
  }

  const SparseRows& rows_;
  const std::vector<double>& labels_;
  PackedRows packed_;
  bool unit_ = false;
  uint64_t hash_ = 0;
  size_t first_of_hash_ = 0;
  std::vector<uint32_t> entry_columns_;
  std::vector<double> entry_values_;
};

}  // namespace

PackedRows pack_rows(const SparseRows& rows, const std::vector<double>& labels) {
  invariant(labels.size() == rows.labels.size(), "a label for each sample");
  return Packing(rows, labels).pack();
}

}  // namespace muster::inline theory

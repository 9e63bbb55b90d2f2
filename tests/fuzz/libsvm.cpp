// The reader of LIBSVM files, fed with damaged files and with garbage: each must be understood, in a form
// that keeps the reader's promises, or be a DataError that names line and column. The inputs follow from the
// seed. To be run with sanitizers.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/base/stopwatch.h"
#include "muster/theory/convex/libsvm_file.h"
#include "muster/theory/convex/packed_rows.h"
#include "tests/fuzz/damaged_bytes.h"

namespace muster {
namespace {

const std::vector<std::string>& good_files() {
  static const std::vector<std::string> all = {
      "+1 1:0.5 3:-2e-1 10:1\n-1 2:1\n\n-1\n+1 1:1 2:1 3:1 # a comment\n",
      "0 1:1\r\n1\t2:.5\t7:5.\r\n2.5 100000:-1e-300\r\n",
      "-1 41:1 54:1 117:1 250:1 \n-1 59:1 68:1 115:1 \n-1 \n-1 \n+1 148:1 205:1 \n",
      "1 1:1e308 2:-1e308 3:1.7976931348623157e308 99999999:0\n",
  };
  return all;
}

// Words that files have in places where a parser may stumble.
std::string word(RandomStream& random) {
  static const std::vector<std::string> words = {":",
                                                 " ",
                                                 "\n",
                                                 "#",
                                                 "-",
                                                 "+",
                                                 "e",
                                                 "nan",
                                                 "inf",
                                                 "1:1",
                                                 "qid:",
                                                 "0:",
                                                 "1e999",
                                                 "\r",
                                                 "\t",
                                                 ".",
                                                 "99999999999999999999:1",
                                                 "0x1p3",
                                                 "1:"};
  return words[random.below(words.size())];
}

std::string damaged(RandomStream& random) {
  return test::damaged_bytes(random, good_files(), 300, [&](std::string& bytes, uint64_t at, uint64_t) {
    bytes.insert(at, word(random));
  });
}

// What a reader promises of samples that it took.
void check(const SparseRows& rows) {
  invariant(rows.samples() > 0 && rows.starts.size() == rows.labels.size() + 1, "a start for each sample");
  invariant(rows.columns.size() == rows.values.size(), "a value for each column");
  invariant(rows.starts.back() == static_cast<int64_t>(rows.columns.size()), "the last start is the end");
  for (size_t i = 0; i < rows.labels.size(); ++i) {
    invariant(std::isfinite(rows.labels[i]), "labels are finite");
    for (auto e = static_cast<size_t>(rows.starts[i]); e < static_cast<size_t>(rows.starts[i + 1]); ++e) {
      const bool first = e == static_cast<size_t>(rows.starts[i]);
      invariant(rows.columns[e] >= (first ? 0 : rows.columns[e - 1] + 1), "columns ascend");
      invariant(rows.columns[e] < rows.features && std::isfinite(rows.values[e]), "entries are within");
    }
  }
  const PackedRows packed = pack_rows(rows, rows.labels);
  invariant(packed.samples() == rows.samples(), "no sample is lost");
}

int fuzz(double seconds, uint64_t seed) {
  int64_t understood = 0, refused = 0;
  RandomStream random({.seed = seed});
  for (const std::string& good : good_files()) check(parse_libsvm(good, "good"));
  for (const Stopwatch watch; watch.seconds() < seconds;)
    for (int round = 0; round < 256; ++round) {
      // Exactly as long as its content: reading past the end is seen.
      const std::string bytes = damaged(random);
      const std::vector<char> input(bytes.begin(), bytes.end());
      try {
        check(parse_libsvm({input.data(), input.size()}, "fuzz"));
        ++understood;
      } catch (const DataError& error) {
        const std::string what = error.what();
        const bool placed =
            what.find("line ") != std::string::npos && what.find("column ") != std::string::npos;
        invariant(placed || what.find("holds no sample") != std::string::npos, "an error has its place");
        invariant(what.find('\n') == std::string::npos && what.size() < 300, "an error is one line");
        ++refused;
      }
    }
  fmt::print("libsvm files: understood {}, refused {}\n", understood, refused);
  return 0;
}

}  // namespace
}  // namespace muster

// fuzz_libsvm [SECONDS] [SEED]
int main(int argc, char** argv) {
  return muster::fuzz(argc > 1 ? std::atof(argv[1]) : 2,
                      argc > 2 ? static_cast<uint64_t>(std::atoll(argv[2])) : 1);
}

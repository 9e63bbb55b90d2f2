// The reader of configurations, fed with damaged files and with garbage: each must be understood, and then
// written and read back the same, or be an Error of one line. The inputs follow from the seed. To be run with
// sanitizers.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "muster/app/options/toml_file.h"
#include "muster/base/content_kind.h"
#include "muster/base/error.h"
#include "muster/base/printable.h"
#include "muster/base/random.h"
#include "muster/base/stopwatch.h"
#include "tests/fuzz/damaged_bytes.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

const std::vector<std::string>& good_files() {
  static const std::vector<std::string> all = {
      "[run]\nsteps = 100\nworkers = 4\n[schedule]\nrule = \"qsr\"\nband = [0.7, 1.3]\n",
      "run.steps = 7\ntask = { name = 'clusters', hidden = [3, 4] }\n[learning_rate]\nmilestones = [10, "
      "20]\n",
      "[task]\ndata = \"\"\"a\\\nb\"\"\"\n[serve]\naddress = '[::1]:7'\n[schedule]\ngrowth = 1e-3 # why\n",
      "[[arm]]\nname = \"a\"\nschedule.rule = \"constant\"\n[[arm]]\nname = \"b\"\n[arm.schedule]\nrule = "
      "'qsr'\n",
      write_toml(catalogue, Configuration{}),
  };
  return all;
}

std::string word(RandomStream& random) {
  static const std::vector<std::string> words = {"[",
                                                 "]",
                                                 "{",
                                                 "}",
                                                 "=",
                                                 ".",
                                                 ",",
                                                 "\"",
                                                 "'",
                                                 "\"\"\"",
                                                 "'''",
                                                 "\\u0041",
                                                 "\\",
                                                 "#",
                                                 "\n",
                                                 "\r\n",
                                                 "nan",
                                                 "-inf",
                                                 "1e999",
                                                 "9223372036854775808",
                                                 "0x",
                                                 "[[arm]]",
                                                 "a.b.",
                                                 "[run]\n",
                                                 "2020-01-01",
                                                 "true",
                                                 "\t",
                                                 "steps = ",
                                                 "\xef\xbb\xbf",
                                                 "\xff"};
  return words[random.below(words.size())];
}

std::string damaged(RandomStream& random) {
  return test::damaged_bytes(random, good_files(), 300, [&](std::string& bytes, uint64_t at, uint64_t count) {
    for (uint64_t i = 0; i <= (count > 8 ? 40 * count : 0); ++i) bytes.insert(at, word(random));
  });
}

Configuration read(const std::string& text) {
  Configuration configuration;
  for (const FileSetting& setting : read_toml(catalogue, text, "fuzz"))
    catalogue.find_key(setting.name, "").set(configuration, setting.value);
  return configuration;
}

void check(const std::string& text) {
  const std::string first = write_toml(catalogue, read(text));
  invariant(write_toml(catalogue, read(first)) == first, "written and read back the same");
}

void check_message(const std::string& what) {
  invariant(printable(what) == what, "an error is one line that a terminal may show");
  invariant(what.size() < 1000, "an error is short");
}

int fuzz(double seconds, uint64_t seed) {
  int64_t understood = 0, refused = 0;
  RandomStream random({.seed = seed});
  for (const Stopwatch watch; watch.seconds() < seconds;)
    for (int round = 0; round < 64; ++round) {
      const std::string bytes = damaged(random);
      try {
        read_comparison(catalogue, bytes, "fuzz");
        check(bytes);
        ++understood;
      } catch (const Error& error) {
        check_message(error.what());
        ++refused;
      }
    }
  fmt::print("configurations: understood {}, refused {}\n", understood, refused);
  return 0;
}

}  // namespace
}  // namespace muster

// fuzz_configuration [SECONDS] [SEED]
int main(int argc, char** argv) {
  return muster::fuzz(argc > 1 ? std::atof(argv[1]) : 2,
                      argc > 2 ? static_cast<uint64_t>(std::atoll(argv[2])) : 1);
}

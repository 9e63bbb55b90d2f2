#pragma once

#include <string>
#include <vector>

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

// The commands of the program `muster-engine`, which need tensors; `muster` delegates them to it. Each gets
// the words behind its name and returns the exit code.

int run_train(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_serve(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_work(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_status(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_simulate(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_evaluate(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_probe(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_sample(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_convert(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_signature(const Catalogue& catalogue, const std::vector<std::string>& words);
int run_models(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline engine

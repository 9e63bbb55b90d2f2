#pragma once

#include <string>
#include <vector>

namespace muster {

// The commands of the program `muster-engine`, those that need tensors: what `muster` hands on. Each gets the
// words behind its name and returns the exit code.

int run_train(const std::vector<std::string>& words);
int run_serve(const std::vector<std::string>& words);
int run_work(const std::vector<std::string>& words);
int run_status(const std::vector<std::string>& words);
int run_simulate(const std::vector<std::string>& words);
int run_evaluate(const std::vector<std::string>& words);
int run_probe(const std::vector<std::string>& words);
int run_sample(const std::vector<std::string>& words);
int run_convert(const std::vector<std::string>& words);
int run_signature(const std::vector<std::string>& words);
int run_models(const std::vector<std::string>& words);

}  // namespace muster

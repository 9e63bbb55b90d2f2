#pragma once

#include <optional>
#include <string>
#include <vector>

namespace muster::inline app {

/// Path of `muster-engine`, the program beside this one (or in ../libexec/muster/) that knows LibTorch.
/// Throws Error when there is none.
std::string engine_path();

/// The OPENBLAS_CORETYPE whose kernels use the widest vectors of this processor; none where OpenBLAS needs no
/// advice. OpenBLAS up to 0.3.24 takes an Intel processor newer than itself for one of 2004 and computes
/// several times slower (OpenBLAS issue 4267); this goes by the instructions it has, not by its model.
std::optional<std::string> widest_blas_kernels();

/// Tells numeric libraries of programs started from here to start no threads of their own (the workers are
/// the threads), and which kernels to take unless the user's OPENBLAS_CORETYPE says so.
void prepare_numeric_libraries();

/// Replaces this process by `muster-engine COMMAND WORDS...`. Throws Error when there is none; does not
/// return otherwise.
[[noreturn]] void hand_to_engine(const std::string& command, const std::vector<std::string>& words);

}  // namespace muster::inline app

#include "muster/app/processes/engine_program.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "muster/base/error.h"

namespace muster::inline app {

std::string engine_path() {
  std::error_code problem;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", problem);
  if (problem) throw Error("cannot find the path of this program (/proc/self/exe): " + problem.message());
  const auto folder = self.parent_path();
  for (const auto& path :
       {folder / "muster-engine", folder.parent_path() / "libexec" / "muster" / "muster-engine"})
    if (::access(path.c_str(), X_OK) == 0) return path.string();
  throw Error("muster-engine is neither in " + folder.string() + " nor in " +
              (folder.parent_path() / "libexec" / "muster").string() +
              ": training needs it; build or install muster with MUSTER_ENGINE=ON (it needs LibTorch)");
}

std::optional<std::string> widest_blas_kernels() {
#if defined(__x86_64__)
  const bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512cd") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                      __builtin_cpu_supports("avx512vl") != 0;
  if (avx512) return "SkylakeX";
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) return "Haswell";
#endif
  return std::nullopt;
}

// The libraries read these variables while they are loaded.
void prepare_numeric_libraries() {
  const auto kernels = widest_blas_kernels();
  // Without memory for a variable the program that follows does not start either.
  if (kernels) ::setenv("OPENBLAS_CORETYPE", kernels->c_str(), 0);
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    ::setenv(name, "1", 1);  // likewise
}

void hand_to_engine(const std::string& command, const std::vector<std::string>& words) {
  std::string program = engine_path();
  std::vector<std::string> all = {program, command};
  all.insert(all.end(), words.begin(), words.end());
  prepare_numeric_libraries();
  std::vector<char*> pointers;
  for (std::string& word : all) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  throw Error("cannot start " + program + ": " + std::strerror(errno));
}

}  // namespace muster::inline app

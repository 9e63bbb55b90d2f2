#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>
#include <optional>
#include <string>

#include "muster/comm/join_group.h"

namespace muster {
namespace {

/// Without any launcher's variables while it lives; they come back afterwards.
class NoLauncher {
 public:
  NoLauncher() {
    for (const char* name :
         {"MUSTER_STORE", "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"}) {
      const char* const value = ::getenv(name);
      before_[name] = value ? std::optional<std::string>(value) : std::nullopt;
      ::unsetenv(name);
    }
  }
  ~NoLauncher() {
    for (const auto& [name, value] : before_) {
      if (value)
        ::setenv(name.c_str(), value->c_str(), 1);
      else
        ::unsetenv(name.c_str());
    }
  }
  NoLauncher(const NoLauncher&) = delete;
  NoLauncher& operator=(const NoLauncher&) = delete;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST(JoinGroup, AloneIsAGroupOfOne) {
  const NoLauncher quiet;
  EXPECT_EQ(join_group()->size(), 1);
  ::setenv("WORLD_SIZE", "1", 1);
  ::setenv("SLURM_NTASKS", "1", 1);
  EXPECT_EQ(join_group()->size(), 1);
  EXPECT_EQ(join_group()->rank(), 0);
}

}  // namespace
}  // namespace muster

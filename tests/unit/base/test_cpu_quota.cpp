#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "muster/base/cpu_quota.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

/// A machine's files, under a folder of the test's.
class Machine {
 public:
  void write(const std::string& path, const std::string& text) const {
    const std::string file = folder_ / path;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << text;
  }
  void second_version(const std::string& group, const std::string& mounted = "/") const {
    write("proc/self/cgroup", "0::" + group + "\n");
    write("proc/self/mountinfo", "25 30 0:23 / /proc rw - proc proc rw\n35 24 0:30 " + mounted +
                                     " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  void first_version(const std::string& group, const std::string& mounted = "/") const {
    write("proc/self/cgroup", "5:memory:/elsewhere\n4:cpu,cpuacct:" + group + "\n0::/elsewhere\n");
    write("proc/self/mountinfo", "33 32 0:28 " + mounted +
                                     " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                                     "34 32 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  }
  std::optional<CpuQuota> quota() const { return cpu_quota(folder_.path()); }

 private:
  test::TemporaryFolder folder_;
};

TEST(CpuQuota, OfTheSecondVersionIsRoundedUp) {
  const Machine machine;
  machine.second_version("/user/run");
  machine.write("sys/fs/cgroup/user/run/cpu.max", "150000 100000\n");
  const CpuQuota quota = machine.quota().value();
  EXPECT_EQ(quota.threads(), 2);
  EXPECT_DOUBLE_EQ(quota.cores(), 1.5);
  EXPECT_EQ(quota.file, "/sys/fs/cgroup/user/run/cpu.max");
}

TEST(CpuQuota, OfAGroupAboveHoldsToo) {
  const Machine machine;
  machine.second_version("/user/run");
  machine.write("sys/fs/cgroup/user/run/cpu.max", "400000 100000\n");
  machine.write("sys/fs/cgroup/user/cpu.max", "50000 100000\n");
  EXPECT_EQ(machine.quota()->threads(), 1);
  EXPECT_EQ(machine.quota()->file, "/sys/fs/cgroup/user/cpu.max");
}

TEST(CpuQuota, OfAContainerThatSeesItsOwnGroupAsTheTopmost) {
  const Machine machine;
  machine.second_version("/");
  machine.write("sys/fs/cgroup/cpu.max", "300000 100000\n");
  EXPECT_EQ(machine.quota()->threads(), 3);
  machine.second_version("/../../other");  // a path that it cannot see
  EXPECT_EQ(machine.quota()->threads(), 3);
}

TEST(CpuQuota, OfTheFirstVersion) {
  const Machine machine;
  machine.first_version("/docker/4f1a", "/docker/4f1a");
  machine.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(machine.quota()->threads(), 3);
  machine.first_version("/batch/job7");
  machine.write("sys/fs/cgroup/cpu,cpuacct/batch/job7/cpu.cfs_quota_us", "20000\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/batch/job7/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(machine.quota()->threads(), 1);
  EXPECT_DOUBLE_EQ(machine.quota()->cores(), 0.4);
}

TEST(CpuQuota, IsNoneWhereNothingLimits) {
  const Machine machine;
  EXPECT_FALSE(machine.quota());  // no files at all
  machine.second_version("/run");
  EXPECT_FALSE(machine.quota());
  machine.write("sys/fs/cgroup/run/cpu.max", "max 100000\n");
  EXPECT_FALSE(machine.quota());
  machine.write("sys/fs/cgroup/run/cpu.max", "nonsense\n");
  EXPECT_FALSE(machine.quota());
  machine.first_version("/run");
  machine.write("sys/fs/cgroup/cpu,cpuacct/run/cpu.cfs_quota_us", "-1\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/run/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(machine.quota());
}

}  // namespace
}  // namespace muster

// SPDX-License-Identifier: MIT
#include <jay/detail/cpus.hpp>

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <jay/scheduler_config.hpp>

namespace {

namespace fs = std::filesystem;
using jay::detail::cgroup_cpu_quota;

// A made-up root directory with its own /proc and /sys.
class fake_root {
 public:
  fake_root() {
    std::string name = (fs::temp_directory_path() / "jay_cpus_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name + " failed");
    path_ = name;
  }
  fake_root(const fake_root&) = delete;
  ~fake_root() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  void write(const std::string& name, const std::string& text) const {
    const fs::path file = path_.string() + name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

const char* const v2_mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const char* const v1_mount = "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n";

TEST(Cpus, NoCgroupFilesMeanNoQuota) {
  fake_root root;
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 0);
}

TEST(Cpus, ReadsTheQuotaOfCgroupV2) {
  fake_root root;
  root.write("/proc/self/mountinfo", v2_mount);
  root.write("/proc/self/cgroup", "0::/\n");
  root.write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()), 1.5);
}

TEST(Cpus, MaxMeansNoQuota) {
  fake_root root;
  root.write("/proc/self/mountinfo", v2_mount);
  root.write("/proc/self/cgroup", "0::/\n");
  root.write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 0);
}

TEST(Cpus, TakesTheSmallestQuotaOnTheWayUp) {
  fake_root root;
  root.write("/proc/self/mountinfo", v2_mount);
  root.write("/proc/self/cgroup", "0::/a.slice/b.service/c\n");
  root.write("/sys/fs/cgroup/a.slice/cpu.max", "300000 100000\n");
  root.write("/sys/fs/cgroup/a.slice/b.service/cpu.max", "800000 100000\n");
  root.write("/sys/fs/cgroup/a.slice/b.service/c/cpu.max", "max 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()), 3);
}

TEST(Cpus, ReadsTheQuotaOfCgroupV1) {
  fake_root root;
  root.write("/proc/self/mountinfo", v1_mount);
  root.write("/proc/self/cgroup", "9:memory:/m\n4:cpu,cpuacct:/job\n");
  root.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  root.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  root.write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000\n");
  root.write("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "200000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()), 0.25);
}

TEST(Cpus, AContainerSeesItsOwnPartOfTheHierarchy) {
  fake_root root;
  root.write("/proc/self/mountinfo", "33 30 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  root.write("/proc/self/cgroup", "4:cpu:/docker/abc/inner\n");
  root.write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  root.write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()), 2);
  // A directory whose name only begins like the container's is another one: the top of the mount counts.
  root.write("/proc/self/cgroup", "4:cpu:/docker/abcdef\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()), 2);
}

TEST(Cpus, ABlankInAMountPointIsUnescaped) {
  fake_root root;
  root.write("/proc/self/mountinfo", "30 23 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n");
  root.write("/proc/self/cgroup", "0::/\n");
  root.write("/my groups/cpu.max", "100000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()), 1);
}

TEST(Cpus, BothHierarchiesCountWhereBothAreMounted) {
  fake_root root;
  root.write("/proc/self/mountinfo", std::string(v2_mount) + v1_mount);
  root.write("/proc/self/cgroup", "4:cpu,cpuacct:/\n0::/\n");
  root.write("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  root.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  root.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_quota(root.path()), 2.5);
}

TEST(Cpus, NonsenseInTheFilesMeansNoQuota) {
  for (const char* text : {"", "\n", "abc def\n", "100000\n", "100000 0\n", "-5 100000\n", "nan nan\n"}) {
    fake_root root;
    root.write("/proc/self/mountinfo", std::string("\n- - -\nshort line\n") + v2_mount);
    root.write("/proc/self/cgroup", "nonsense\n::\n0::/../other\n");
    root.write("/sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(cgroup_cpu_quota(root.path()), 0) << "cpu.max: " << text;
  }
}

TEST(Cpus, AQuotaIsRoundedUpAndNeverGivesNone) {
  using jay::detail::cpus_within;
  EXPECT_EQ(cpus_within(8, 0), 8u);
  EXPECT_EQ(cpus_within(8, 1.5), 2u);
  EXPECT_EQ(cpus_within(8, 0.01), 1u);
  EXPECT_EQ(cpus_within(2, 64), 2u);
  EXPECT_EQ(cpus_within(0, 0), 1u);
}

TEST(Cpus, FollowsTheAffinityMask) {
  const auto before = jay::detail::allowed_cpus();
  ASSERT_FALSE(before.empty());
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(before.back(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(jay::detail::allowed_cpus(), std::vector<unsigned>{before.back()});
    EXPECT_EQ(jay::detail::usable_cpus(), 1u);
  }).join();
  EXPECT_EQ(jay::detail::allowed_cpus(), before);
}

TEST(Cpus, WorkersComeFromTheConfigurationFirst) {
  jay::scheduler_config config;
  EXPECT_EQ(jay::detail::worker_count(config), jay::detail::usable_cpus());
  config.workers = 7;
  EXPECT_EQ(jay::detail::worker_count(config), 7u);
  config.order = jay::order::asyncio;
  EXPECT_EQ(jay::detail::worker_count(config), 1u);
}

}  // namespace

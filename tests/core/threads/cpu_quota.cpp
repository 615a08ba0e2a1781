#include "litestage/core/threads/cpu_quota.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/io_scratch.hpp"

using namespace litestage;
using namespace litestage::cpu_quota;

namespace {

std::string v2_mount(const std::string& root, const std::string& point) {
  return "41 31 0:38 " + root + " " + point + " rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
}
std::string v1_mount(const std::string& root, const std::string& point, const std::string& controllers) {
  return "32 31 0:29 " + root + " " + point + " rw,relatime - cgroup cgroup rw," + controllers + "\n";
}
const std::string other_mounts =
    "23 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n";

// Made-up files of the system: those of a process in `process`, and groups anywhere.
struct MadeUpSystem {
  test::ScratchFolder folder;

  MadeUpSystem() { std::filesystem::create_directory(folder.path("process")); }
  void process(const std::string& cgroup, const std::string& mountinfo) const {
    folder.write("process/cgroup", cgroup);
    folder.write("process/mountinfo", mountinfo);
  }
  void group(const std::string& name, const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(folder.path(name));
    folder.write(name + "/" + file, text);
  }
  [[nodiscard]] double quota() const { return find(folder.path("process")); }
};

}  // namespace

TEST_CASE("quotas: texts of version 2") {
  CHECK(cores("150000 100000\n") == 1.5);
  CHECK(cores("200000 100000") == 2.0);
  CHECK(cores("1000 1000000\n") == 0.001);
  CHECK(cores("9007199254740991 1\n") == 9007199254740991.0);
  for (const char* text : {"",
                           "\n",
                           " ",
                           "max 100000\n",
                           "max",
                           "150000",
                           "150000 ",
                           "150000 0\n",
                           "0 100000",
                           "-1 100000",
                           "150000 -100000",
                           "100000 max",
                           "garbage",
                           "1.5 1",
                           "150000 100000 1",
                           "0x10 1",
                           "9007199254740992 1",
                           "1 9223372036854775808",
                           "99999999999999999999 1",
                           "1 99999999999999999999",
                           "150000\t100000",
                           "+5 1"}) {
    CAPTURE(text);
    CHECK(cores(text) == none);
  }
  CHECK(cores(std::string("1\0 1", 4)) == none);
}

TEST_CASE("quotas: texts of version 1") {
  CHECK(cores("150000\n", "100000\n") == 1.5);
  CHECK(cores("50000", "100000") == 0.5);
  CHECK(cores("-1\n", "100000\n") == none);
  CHECK(cores("150000", "0") == none);
  CHECK(cores("150000", "") == none);
  CHECK(cores("", "100000") == none);
}

TEST_CASE("quotas: lines of mountinfo") {
  const auto parsed = [](const std::string& line) { return parse_mount(line.substr(0, line.find('\n'))); };
  const Mount v2 = parsed(v2_mount("/", "/sys/fs/cgroup"));
  CHECK(v2.root == "/");
  CHECK(v2.point == "/sys/fs/cgroup");
  CHECK(v2.version == 2);
  const Mount v1 = parsed(v1_mount("/docker/1f", "/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct"));
  CHECK(v1.root == "/docker/1f");
  CHECK(v1.version == 1);
  // Escaped: a blank, a tab, a line's end and the backslash itself; what is no such escape stays.
  CHECK(parsed(v2_mount("/a\\040b", "/x\\011y\\012z\\134040")).root == "/a b");
  CHECK(parsed(v2_mount("/a\\040b", "/x\\011y\\012z\\134040")).point == "/x\ty\nz\\040");
  CHECK(parsed(v2_mount("/\\04", "/\\9\\")).root == "/\\04");
  // Any number of optional fields, also a mount point that looks like the field that ends them; an empty source.
  CHECK(parsed("1 2 0:3 / - rw - cgroup2 none rw").point == "-");
  CHECK(parsed("1 2 0:3 / /p rw shared:1 master:2 unbindable - cgroup2 none rw").point == "/p");
  CHECK(parsed("1 2 0:3 / /p rw - cgroup2  rw").point == "/p");
  CHECK(parsed("1 2 0:3 / / rw - cgroup2 none rw").point.empty());
  for (const char* other : {"", "-", "- - - - - - -", "1 2 0:3 / /p rw cgroup2 none rw",
                            "1 2 0:3 / /p rw - cgroup none rw,cpuset", "1 2 0:3 / /p rw - cgroup none rw,cpuacct",
                            "1 2 0:3 / /p rw - tmpfs none rw,cpu", "1 2 0:3 / /p rw - cgroup2x none rw"}) {
    CAPTURE(other);
    CHECK(parse_mount(other).version == 0);
  }
}

TEST_CASE("quotas: where a group lies in a mount") {
  const std::string nowhere = "nowhere";
  const auto place_below = [&](const char* root, const char* path) {
    std::string place = "not set";
    return find_place(root, path, place) ? place : nowhere;
  };
  CHECK(place_below("/", "/") == "");
  CHECK(place_below("/", "/a/b") == "/a/b");
  CHECK(place_below("/a", "/a/b") == "/b");
  CHECK(place_below("/a", "/a") == "");
  CHECK(place_below("/a", "/ab") == nowhere);
  CHECK(place_below("/a/b", "/a") == nowhere);
  CHECK(place_below("/a", "/") == nowhere);
  CHECK(place_below("/", "") == nowhere);
  CHECK(place_below("/", "a") == nowhere);
  CHECK(place_below("a", "/b") == nowhere);
  CHECK(place_below("", "b") == nowhere);
  // The mount is from above what this process sees, or this process is elsewhere.
  CHECK(place_below("/..", "/") == "");
  CHECK(place_below("/../..", "/a") == "");
  CHECK(place_below("/..", "/../a/b") == "/a/b");
  CHECK(place_below("/..", "/../../a") == nowhere);
  CHECK(place_below("/../x", "/") == nowhere);
  CHECK(place_below("/", "/../a") == nowhere);
  CHECK(place_below("/a", "/a/../../b") == nowhere);
}

TEST_CASE("quotas: the groups of a process, from its own to the outermost") {
  using Folders = std::vector<std::string>;
  CHECK(folders("0::/a/b\n", other_mounts + v2_mount("/", "/cg")) == Folders{"/cg/a/b", "/cg/a", "/cg"});
  CHECK(folders("0::/\n", v2_mount("/", "/cg")) == Folders{"/cg"});
  CHECK(folders("0::/\n", v2_mount("/", "/")) == Folders{""});
  CHECK(folders("0::/docker/1f/x\n", v2_mount("/docker/1f", "/cg")) == Folders{"/cg/x", "/cg"});
  CHECK(folders("0::/a:b\n", v2_mount("/", "/cg")) == Folders{"/cg/a:b", "/cg"});
  const std::string hybrid = "12:cpuset:/s\n4:cpu,cpuacct:/one\n1:name=systemd:/t\n0::/two\n";
  CHECK(folders(hybrid, other_mounts + v1_mount("/", "/cg/cpuset", "cpuset") + v1_mount("/", "/cg/cpu", "cpu,cpuacct") +
                            v2_mount("/", "/cg/unified")) ==
        Folders{"/cg/cpu/one", "/cg/cpu", "/cg/unified/two", "/cg/unified"});
  for (const char* groups : {"", "\n", ":", "::", "0:", "0:/a", "0::", "x\n\n", "4:cpuset:/a", "10::/a"}) {
    CAPTURE(groups);
    CHECK(folders(groups, v2_mount("/", "/cg") + v1_mount("/", "/cpu", "cpu")).empty());
  }
  CHECK(folders("0::/a\n", "").empty());
  CHECK(folders("0::/a\n", other_mounts).empty());
}

TEST_CASE("quotas: the smallest on the way up, whichever group has it") {
  const MadeUpSystem made_up;
  const std::string& root = made_up.folder.path("cg");
  made_up.process("0::/outer/inner\n", other_mounts + v2_mount("/", root));
  CHECK(made_up.quota() == none);  // no such folders
  made_up.group("cg/outer/inner", "cpu.max", "300000 100000\n");
  CHECK(made_up.quota() == 3.0);
  made_up.group("cg/outer", "cpu.max", "150000 100000\n");
  CHECK(made_up.quota() == 1.5);
  made_up.group("cg/outer/inner", "cpu.max", "max 100000\n");
  CHECK(made_up.quota() == 1.5);
  made_up.group("cg/outer/inner", "cpu.max", "25000 50000\n");
  CHECK(made_up.quota() == 0.5);
  made_up.group("cg", "cpu.max", "10000 100000\n");
  CHECK(made_up.quota() == 0.1);
  for (const char* group : {"cg", "cg/outer", "cg/outer/inner"}) made_up.group(group, "cpu.max", "garbage");
  CHECK(made_up.quota() == none);
  std::filesystem::remove(made_up.folder.path("cg/outer/cpu.max"));
  std::filesystem::create_directory(made_up.folder.path("cg/outer/cpu.max"));  // a folder where a file should be
  made_up.group("cg/outer/inner", "cpu.max", "300000 100000\n");
  CHECK(made_up.quota() == 3.0);
}

TEST_CASE("quotas: version 1, both versions side by side, and a container's view") {
  const MadeUpSystem made_up;
  const std::string v1 = made_up.folder.path("cg/c pu"), v2 = made_up.folder.path("cg/unified");
  const std::string escaped = made_up.folder.path("cg/c\\040pu");
  made_up.process("3:cpuacct,cpu:/docker/1f/a\n0::/docker/1f\n",
                  v1_mount("/docker/1f", escaped, "cpuacct,cpu") + v2_mount("/docker/1f", v2));
  made_up.group("cg/c pu", "cpu.cfs_period_us", "100000\n");
  CHECK(made_up.quota() == none);
  made_up.group("cg/c pu", "cpu.cfs_quota_us", "250000\n");
  CHECK(made_up.quota() == 2.5);
  made_up.group("cg/c pu/a", "cpu.cfs_quota_us", "-1\n");
  made_up.group("cg/c pu/a", "cpu.cfs_period_us", "100000\n");
  CHECK(made_up.quota() == 2.5);
  made_up.group("cg/unified", "cpu.max", "100000 100000\n");
  CHECK(made_up.quota() == 1.0);
  made_up.group("cg/unified", "cpu.max", "max 100000\n");
  made_up.group("cg/c pu", "cpu.cfs_period_us", "0\n");
  CHECK(made_up.quota() == none);
}

TEST_CASE("quotas: a process of which nothing is known") {
  const MadeUpSystem made_up;
  CHECK(made_up.quota() == none);
  CHECK(find("") == none);
  made_up.process(std::string(3 << 12, ':'), std::string(3 << 12, ' '));  // several pieces of a file as it is read
  CHECK(made_up.quota() == none);
  std::string long_list;
  while (long_list.size() < 10000) long_list += other_mounts;
  made_up.process("0::/\n", long_list + v2_mount("/", made_up.folder.path("cg")));
  made_up.group("cg", "cpu.max", "150000 100000\n");
  CHECK(made_up.quota() == 1.5);
}

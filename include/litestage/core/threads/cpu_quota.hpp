// Reads the CPU quota that Linux control groups set for a process, in cores. A container that is given "1.5 CPUs" still
// sees every core of the machine, but if it runs more threads than its quota allows, all of them are stopped until the
// next period begins.
//
// Every program includes this header, so it uses few templates to keep compilation fast.
#pragma once

#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace litestage::cpu_quota {

inline constexpr double none = std::numeric_limits<double>::infinity();

// Removes the first part of a text, up to and including the separator, and returns it without the separator.
[[nodiscard]] inline std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return part;
}
[[nodiscard]] inline bool has_part(std::string_view text, char separator, std::string_view part) {
  while (!text.empty()) {
    if (next_part(text, separator) == part) return true;
  }
  return false;
}

// A positive decimal number followed by nothing but the end of the line; otherwise 0. Numbers that a double cannot hold
// exactly also give 0: the system never writes them.
[[nodiscard]] inline double positive_number(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  double number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + (c - '0');
  }
  return number < 0x1p53 ? number : 0;
}

// The quota from cpu.cfs_quota_us and cpu.cfs_period_us of version 1: microseconds per period, and the length of the
// period. -1, or anything that is not a positive number, means no limit.
[[nodiscard]] inline double cores(std::string_view quota, std::string_view period) {
  const double q = positive_number(quota), p = positive_number(period);
  return q > 0 && p > 0 ? q / p : none;
}
// The quota from cpu.max of version 2, which holds both numbers: "150000 100000" or "max 100000".
[[nodiscard]] inline double cores(std::string_view cpu_max) {
  const std::string_view quota = next_part(cpu_max, ' ');
  return cores(quota, cpu_max);
}

// Decodes a path from /proc/self/mountinfo, where a space is written as \040.
[[nodiscard]] inline std::string unescaped(std::string_view text) {
  std::string path;
  while (!text.empty()) {
    const std::string_view digits = text.substr(1, 3);
    if (text[0] == '\\' && digits.size() == 3 && digits.find_first_not_of("01234567") == std::string_view::npos) {
      path += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
      text.remove_prefix(4);
    } else {
      path += text[0];
      text.remove_prefix(1);
    }
  }
  return path;
}

// A line of /proc/self/mountinfo, if it mounts a control group hierarchy that has the CPU controller.
struct Mount {
  int version = 0;    // of control groups, 1 or 2; 0: not a mount of control groups
  std::string root;   // the group that is mounted at `point`; in containers often not "/"
  std::string point;  // without a slash at the end
};
[[nodiscard]] inline Mount parse_mount(std::string_view line) {
  // id, parent, device, root, mount point, options, any number of optional fields, "-", type, source, more options
  for (int skipped = 0; skipped < 3; ++skipped) static_cast<void>(next_part(line, ' '));
  const std::string_view root = next_part(line, ' '), point = next_part(line, ' ');
  static_cast<void>(next_part(line, ' '));
  while (!line.empty() && next_part(line, ' ') != "-") {
  }
  const std::string_view type = next_part(line, ' ');
  static_cast<void>(next_part(line, ' '));
  int version = 0;
  if (type == "cgroup2") version = 2;
  if (type == "cgroup" && has_part(line, ',', "cpu")) version = 1;
  if (version == 0) return {};
  return {version, unescaped(root), point == "/" ? std::string() : unescaped(point)};
}

// Whether a mount with this root contains the group `path` of /proc/self/cgroup; if so, `place` is the group's path
// below the mount point: with the root "/a", the group "/a/b" is at "/b". A root that begins with "/.." lies outside of
// this process's cgroup namespace.
[[nodiscard]] inline bool find_place(std::string_view root, std::string_view path, std::string& place) {
  if (root == "/") root = "";
  if (!path.starts_with('/')) return false;
  if (path == "/") path = "";
  place.clear();
  if (path.starts_with(root)) {
    path.remove_prefix(root.size());
    place = path;
    return (path.empty() || path[0] == '/') && !has_part(path, '/', "..");
  }
  // A mount of a group above our namespace contains our group, but its place below the mount point is unknown.
  while (root.starts_with("/..")) root.remove_prefix(3);
  return root.empty() && !has_part(path, '/', "..");
}

// The folders of the control groups of a process, each before its parent. The arguments are the texts of
// /proc/self/cgroup and /proc/self/mountinfo.
[[nodiscard]] inline std::vector<std::string> folders(std::string_view cgroup, std::string_view mountinfo) {
  std::vector<std::string> found;
  while (!mountinfo.empty()) {
    const Mount mount = parse_mount(next_part(mountinfo, '\n'));
    for (std::string_view lines = cgroup; mount.version != 0 && !lines.empty();) {
      std::string_view path = next_part(lines, '\n');  // number:controllers:path; a path may contain colons
      const std::string_view number = next_part(path, ':'), controllers = next_part(path, ':');
      const bool v2 = number == "0" && controllers.empty();
      if (mount.version == 2 ? !v2 : !has_part(controllers, ',', "cpu")) continue;
      std::string place;
      if (!find_place(mount.root, path, place)) continue;
      for (found.push_back(mount.point + place); !place.empty(); found.push_back(mount.point + place)) {
        place.erase(place.rfind('/'));
      }
    }
  }
  return found;
}

// The text of the file; empty if the file does not exist or cannot be read.
[[nodiscard]] inline std::string text_of(const std::string& path) {
  struct Open {
    std::FILE* file;
    ~Open() {
      if (file != nullptr) std::fclose(file);
    }
  };
  const Open open{std::fopen(path.c_str(), "re")};
  std::string text;
  char piece[4096];
  for (std::size_t n = 1; open.file != nullptr && n > 0; text.append(piece, n)) {
    n = std::fread(piece, 1, sizeof(piece), open.file);
  }
  return text;
}

// The smallest quota of a process's groups. `process` is the process's folder in /proc.
[[nodiscard]] inline double find(const std::string& process = "/proc/self") {
  double smallest = none;
  for (const std::string& folder : folders(text_of(process + "/cgroup"), text_of(process + "/mountinfo"))) {
    const double v2 = cores(text_of(folder + "/cpu.max"));
    const double v1 = cores(text_of(folder + "/cpu.cfs_quota_us"), text_of(folder + "/cpu.cfs_period_us"));
    if (v2 < smallest) smallest = v2;
    if (v1 < smallest) smallest = v1;
  }
  return smallest;
}

}  // namespace litestage::cpu_quota

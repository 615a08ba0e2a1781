// Measures where a run spends its time: seconds, calls and rows of each backend operation. Without a Profile it costs
// nothing.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "litestage/core/enum_names.hpp"

namespace litestage {

enum class Operation : std::uint8_t { embed, project_qkv, attend, project_add, gate_up, logits, token_stats };

template <>
struct EnumNames<Operation> {
  static constexpr std::array<std::string_view, 7> names = {"embed",   "project_qkv", "attend",     "project_add",
                                                            "gate_up", "logits",      "token_stats"};
};

struct Profile {
  struct Entry {
    double seconds = 0;  // time of the calls; meaningless for `gpu`, which works asynchronously
    std::size_t calls = 0;
    std::size_t rows = 0;
  };
  std::array<Entry, enum_names<Operation>.size()> entries;

  [[nodiscard]] const Entry& of(Operation operation) const { return entries[static_cast<std::size_t>(operation)]; }
};

// Runs `call`, and measures it if `profile` is not null.
template <class Call>
void profiled(Profile* profile, Operation operation, std::size_t rows, Call&& call) {
  if (profile == nullptr) return call();
  const auto start = std::chrono::steady_clock::now();
  call();
  Profile::Entry& e = profile->entries[static_cast<std::size_t>(operation)];
  e.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ++e.calls;
  e.rows += rows;
}

}  // namespace litestage

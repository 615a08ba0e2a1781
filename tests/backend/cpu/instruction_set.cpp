// The choice of kernels: names, the environment, refusals.
#include "litestage/backend/cpu/instruction_set.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace litestage;
using cpu::InstructionSet;

namespace {

// LITESTAGE_ISA as it was, restored at the end.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* old = std::getenv("LITESTAGE_ISA")) old_ = old;
    ::setenv("LITESTAGE_ISA", value, 1);
  }
  ~Environment() { old_.empty() ? ::unsetenv("LITESTAGE_ISA") : ::setenv("LITESTAGE_ISA", old_.c_str(), 1); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::string old_;
};

std::string refusal(const char* value) {
  const Environment environment(value);
  try {
    static_cast<void>(cpu::choose_instruction_set());
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("names and sets belong together; portable is always there, and the best one is") {
  CHECK(cpu::supported(InstructionSet::portable));
  CHECK(cpu::supported(cpu::best_instruction_set()));
  for (InstructionSet set : cpu::instruction_sets) {
    if (cpu::supported(set)) {
      CHECK(cpu::instruction_set_from(cpu::name(set)) == set);
      CHECK(set <= cpu::best_instruction_set());
      const Environment environment(std::string(cpu::name(set)).c_str());
      CHECK(cpu::choose_instruction_set() == set);
    } else {
      CHECK_THROWS_AS(static_cast<void>(cpu::instruction_set_from(cpu::name(set))), Error);
    }
  }
}

TEST_CASE("an empty wish is none, an unknown one is refused by name") {
  const Environment environment("");
  CHECK(cpu::choose_instruction_set() == cpu::best_instruction_set());
  CHECK(refusal("sse9") ==
        "LITESTAGE_ISA: instruction set 'sse9' is unknown, expected portable, avx2, avxvnni or avx512");
  CHECK(refusal("AVX2") != "");
  CHECK(refusal("avx2 ") != "");
}

// Every family in every weight type, from GGUF files and from folders: the reference against a second implementation
// (common/naive_model.hpp) on the weights as they are after rounding, and cpu in every instruction set against the
// reference. docs/models.md has the table of what was compared.
// Optimised: yes
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/family_models.hpp"
#include "common/rounding_bound.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Logits of the second implementation are in double; the reference rounds keys, values, divisors and magnitudes of RoPE
// to float.
constexpr double allowed_of_tested_reference = 1e-4;

[[nodiscard]] std::vector<std::vector<float>> cpu_logits(cpu::InstructionSet set, const FamilyModel& m) {
  CpuBackend backend({.threads = 1, .pack = true, .isa = set});
  const auto model = load(backend, m.source);
  Session<CpuBackend> session(backend, model, {1, 64, KvType::f32});
  const std::vector<Sequence> text = tested_text(m);
  return run(session, text, in_chunks(text, 5), false)[0];
}

}  // namespace

TEST_CASE("tested models: every family in every weight type, on reference and on cpu in every instruction set") {
  TestedModels tested;
  with_family_models([&](const FamilyModel& m) {
    CAPTURE(m.name);
    const std::vector<Sequence> text = tested_text(m);
    const std::vector<std::vector<double>> expected = m.exact.logits(text[0].tokens);
    const Bounded reference = bounded(m.source, KvType::f32, text, in_chunks(text, 5), kernel_rounding, 8);
    REQUIRE(reference.exact[0].size() == expected.size());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      CHECK(all_close(reference.exact[0][t], expected[t], allowed_of_tested_reference));
    }
    tested.add(m.name, "reference");
    for (const cpu::InstructionSet set : cpu::instruction_sets) {
      if (!cpu::supported(set)) continue;
      CAPTURE(cpu::name(set));
      CHECK(within({cpu_logits(set, m)}, reference));
      tested.add(m.name, std::string(cpu::name(set)));
    }
  });
  tested.write();
}

// Reading weights ahead changes no bit, and is safe at the end of their memory.
#include "litestage/backend/cpu/matmul/read_ahead.hpp"

#include <vector>

#include "backend/cpu/matmul/matmul_cases.hpp"
#include "common/close.hpp"
#include "litestage/core/threads/thread_team.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("every way to read ahead gives the same bits") {
  ThreadTeam team(1);
  for (const DType type : {DType::f32, DType::f16, DType::q8_0, DType::q4_k, DType::q6_k, DType::mxfp4}) {
    const std::size_t columns = cpu::is_float(type) ? 67 : 512;
    const RandomWeight weight(type, 37, columns, 5);
    const cpu::PackedMatrix packed(weight.raw, team);
    for (const std::size_t n : {1, 3}) {
      const std::vector<float> x = random_inputs(n * columns, 6);
      const std::vector<float> expected = product(cpu::InstructionSet::portable, packed, x, n);
      for (const cpu::InstructionSet set : sets_here()) {
        for (const cpu::ReadAhead how : {cpu::ReadAhead::none, cpu::ReadAhead::once, cpu::ReadAhead::level_2}) {
          CHECK_MESSAGE(same_bits(product_with(cpu::detail::kernel_of(set, type), set, how, packed, x, n), expected),
                        name(type), ", ", name(set), ", inputs: ", n);
        }
      }
    }
  }
}

TEST_CASE("the portable kernels do not read ahead") {
  CHECK(cpu::read_ahead_of(cpu::InstructionSet::portable) == cpu::ReadAhead::none);
}

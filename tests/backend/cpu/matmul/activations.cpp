// Inputs rounded to 8 bits: the error bound, the sums, what is not finite, and equal bits in all instruction sets.
#include "litestage/backend/cpu/matmul/activations.hpp"

#include <limits>

#include "backend/cpu/matmul/matmul_cases.hpp"
#include "common/close.hpp"

using namespace litestage;
using namespace litestage::test;
using cpu::ActivationBlock;

namespace {

std::vector<ActivationBlock> blocks_of(const std::vector<float>& x, cpu::InstructionSet set) {
  std::vector<ActivationBlock> blocks(x.size() / 32);
  cpu::quantise(set, x.data(), blocks.data(), blocks.size());
  return blocks;
}

}  // namespace

TEST_CASE("an input moves by at most half a step of its block, and the sums are those of the codes") {
  std::vector<float> x = random_inputs(32 * 41, 1);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= std::exp2(static_cast<float>(i / 32 % 41) * 5 - 100);
  const std::vector<ActivationBlock> first = blocks_of(x, cpu::InstructionSet::portable);
  for (cpu::InstructionSet set : sets_here()) {
    const std::vector<ActivationBlock> blocks = blocks_of(x, set);
    CHECK(same_bits(blocks, first));
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      int sum = 0, sum_first = 0, largest = 0;
      for (std::size_t j = 0; j < 32; ++j) {
        const int code = blocks[b].codes[j];
        sum += code;
        sum_first += j < 16 ? code : 0;
        largest = std::max(largest, std::abs(code));
        const double scale = blocks[b].scale;
        CHECK(close(scale * code, x[b * 32 + j], 0.5 * scale * (1 + 1e-5)));
      }
      CHECK(largest == 127);
      CHECK(blocks[b].negative_sum == -sum);
      CHECK(blocks[b].negative_sum_first == -sum_first);
      CHECK(blocks[b].scaled_sum == blocks[b].scale * static_cast<float>(sum));
    }
  }
}

TEST_CASE("ties go to even, zeros and vanishing blocks to zero") {
  std::vector<float> x(96, 0.0f);
  const float values[] = {127, 0.5f, 1.5f, -0.5f, -2.5f, 63.49f};
  std::copy(std::begin(values), std::end(values), x.begin());
  for (std::size_t j = 64; j < 96; ++j) x[j] = std::numeric_limits<float>::denorm_min() * static_cast<float>(j);
  for (cpu::InstructionSet set : sets_here()) {
    const std::vector<ActivationBlock> blocks = blocks_of(x, set);
    const int codes[] = {127, 0, 2, 0, -2, 63};
    for (std::size_t j = 0; j < 6; ++j) CHECK(blocks[0].codes[j] == codes[j]);
    for (std::size_t b : {1, 2}) {
      CHECK(blocks[b].scale == 0);
      CHECK(blocks[b].scaled_sum == 0);
      CHECK(blocks[b].negative_sum == 0);
    }
  }
}

TEST_CASE("a block that holds NaN or infinity has a NaN scale; its neighbours do not") {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                    -std::numeric_limits<float>::infinity()}) {
    for (cpu::InstructionSet set : sets_here()) {
      std::vector<float> x = random_inputs(96, 2);
      x[63] = bad;
      const std::vector<ActivationBlock> blocks = blocks_of(x, set);
      CHECK(std::isfinite(blocks[0].scale));
      CHECK(std::isnan(blocks[1].scale));
      CHECK(std::isnan(blocks[1].scaled_sum));
      CHECK(std::isfinite(blocks[2].scale));
    }
  }
  std::vector<float> x(32, std::numeric_limits<float>::max());
  for (cpu::InstructionSet set : sets_here()) CHECK(blocks_of(x, set)[0].codes[31] == 127);
}

TEST_CASE("rows are kept apart, in both forms") {
  cpu::Activations a(cpu::best_instruction_set());
  const std::vector<float> x = random_inputs(5 * 32, 3);
  for (std::size_t rows : {5, 2}) {
    a.reshape(rows, 32, cpu::forms_for(DType::f16) | cpu::forms_for(DType::q6_k));
    a.set_rows(View<const float, 2>(x.data(), {rows, 32}), Range{0, rows});
    for (std::size_t i = 0; i < rows; ++i) {
      CHECK(same_bits(std::span(a.floats(i), 32), std::span(x).subspan(i * 32, 32)));
      CHECK(close(a.blocks(i)->scale * a.blocks(i)->codes[7], x[i * 32 + 7], a.blocks(i)->scale * 0.501));
    }
  }
}

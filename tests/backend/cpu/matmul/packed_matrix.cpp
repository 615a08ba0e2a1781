// Packed panels: the place and value of every code, and the accounting of memory.
// ThreadSanitizer: yes
#include "litestage/backend/cpu/matmul/packed_matrix.hpp"

#include "backend/cpu/matmul/matmul_cases.hpp"
#include "common/close.hpp"
#include "litestage/backend/cpu/matmul/pack.hpp"
#include "litestage/core/threads/thread_team.hpp"

using namespace litestage;
using namespace litestage::test;
using cpu::PackedMatrix;

namespace {

// Code of `column` (of a block) and row (of a panel), read back as panel_format.hpp describes it.
int code_in(const std::uint8_t* block, int bits, std::size_t column, std::size_t row) {
  const std::size_t v = column / 4, byte = 4 * row + column % 4;
  const auto two_bits = [&](std::size_t first) { return (block[(first + v / 4) * 64 + byte] >> (v % 4 * 2)) & 3; };
  const int one_bit = (block[byte] >> v) & 1;
  if (bits == 8) return block[v * 64 + byte];
  if (bits == 2) return two_bits(0);
  if (bits == 3 && v != 2 && v != 5) return (block[v / 3 * 64 + byte] >> (v % 3 * 3)) & 7;
  if (bits == 3) return (block[v / 3 * 64 + byte] >> 6) + 4 * ((block[128 + byte] >> (v == 2 ? 6 : 7)) & 1);
  const std::size_t first = bits == 5 ? 1 : bits == 6 ? 2 : 0;
  const int pair = block[(first + v % 4) * 64 + byte];
  const int low = v < 4 ? pair & 15 : pair >> 4;
  if (bits == 5) return low + 16 * one_bit;
  if (bits == 6) return low + 16 * two_bits(0);
  return low;
}

template <DType type>
void check_codes() {
  constexpr cpu::PanelTraits traits = cpu::panel_traits<type>;
  using Block = typename DiskBlock<type>::Type;
  constexpr std::size_t rows = 19, groups = 2, columns = groups * traits.group_columns();
  const RandomWeight weight(type, rows, columns, 3);
  std::vector<std::byte> panel(cpu::panel_bytes(type, columns), std::byte{0xee});
  cpu::pack_panel(weight.raw, 1, panel.data());
  for (std::size_t g = 0; g < groups; ++g) {
    const std::byte* group = panel.data() + g * traits.group_bytes();
    for (std::size_t r = 0; r < cpu::panel_rows; ++r) {
      std::uint8_t code[256] = {};
      Block block{};
      if (16 + r < rows) {
        block = litestage::load_block<Block>(weight.raw.row(16 + r), g);
        codes(block, code);
      }
      if constexpr (requires { block.e; }) {
        CHECK(group[r] == std::byte{block.e});
      } else {
        f16 found;
        std::memcpy(&found, group + 2 * r, sizeof(found));
        CHECK(found == block.d);
      }
      for (std::size_t k = 0; k < traits.group_columns(); ++k) {
        const std::byte* stored = group + traits.codes_at() + k / 32 * traits.code_bytes();
        REQUIRE(code_in(reinterpret_cast<const std::uint8_t*>(stored), traits.code_bits, k % 32, r) == code[k]);
      }
    }
  }
}

}  // namespace

TEST_CASE("every code lands where the kernels look for it, and rows that are not there are zero") {
  for (const DTypeInfo& entry : dtype_table) {
    with_type(entry.type, []<DType type>() {
      if constexpr (info(type).quantised()) check_codes<type>();
    });
  }
}

TEST_CASE("packing costs at most 4 % more than the file, for whole panels") {
  for (const DTypeInfo& entry : dtype_table) {
    const double packed = static_cast<double>(cpu::panel_bytes(entry.type, 768));
    const double file = static_cast<double>(16 * row_bytes(entry.type, 768));
    CHECK(packed >= file);
    CHECK(packed <= 1.04 * file);
  }
}

TEST_CASE("copies share, matrices share blocks, and a block lives as long as a matrix in it") {
  ThreadTeam team(2);
  const RandomWeight weight(DType::q8_0, 65, 96, 4);
  const std::vector<float> x = random_inputs(96, 5);
  PackedMatrix second;
  CHECK(second.empty());
  CHECK(second.bytes() == 0);
  std::vector<float> alone;
  {
    cpu::PanelMemory memory;
    const PackedMatrix first(weight.raw, team, memory);
    second = PackedMatrix(weight.raw, team, memory);
    cpu::PanelScratch scratch;
    CHECK(second.panel(0, scratch) == first.panel(0, scratch) + (first.bytes() + 63) / 64 * 64);
    const PackedMatrix copy = first;  // NOLINT(performance-unnecessary-copy-initialization): what is tested
    CHECK(copy.panel(1, scratch) == first.panel(1, scratch));
    alone = product(cpu::InstructionSet::portable, first, x, 1);
  }
  CHECK(second.panels() == 5);
  CHECK(second.bytes() == 5 * cpu::panel_bytes(DType::q8_0, 96));
  CHECK(same_bits(product(cpu::InstructionSet::portable, second, x, 1), alone));
}

TEST_CASE("memory is handed out at 64-byte boundaries, in new blocks where it runs out") {
  cpu::PanelMemory memory(1024);
  std::vector<std::shared_ptr<std::byte>> taken;
  for (std::size_t bytes : {1, 64, 65, 700, 300, 5000, 1, 1024, 0}) {
    taken.push_back(memory.take(bytes));
    CHECK(reinterpret_cast<std::uintptr_t>(taken.back().get()) % 64 == 0);
    std::memset(taken.back().get(), static_cast<int>(taken.size()), bytes);
  }
  CHECK(*taken[0] == std::byte{1});
  CHECK(taken[4].get()[299] == std::byte{5});
}

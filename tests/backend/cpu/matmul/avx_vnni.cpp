// The kernels of AVX-VNNI, whose instruction is emulated here, because few CPUs have it: the same bits as every other
// set.
#include "litestage/backend/cpu/matmul/matmul_avx2.hpp"

#include <array>

#include "backend/cpu/matmul/matmul_cases.hpp"
#include "common/close.hpp"
#include "litestage/core/threads/thread_team.hpp"

using namespace litestage;
using namespace litestage::test;
using cpu::InstructionSet;

#if defined(__x86_64__)
namespace {

// VPDPBUSD as the manual defines it: for each lane of 32 bits, the four products of an unsigned and a signed byte are
// added to the sum, without saturation.
struct EmulatedVpdpbusd {
  LITESTAGE_INLINE_AVX2 static void add(__m256i& sum, __m256i unsigned_bytes, __m256i signed_bytes) {
    std::array<std::int32_t, 8> lanes;
    std::array<std::uint8_t, 32> a;
    std::array<std::int8_t, 32> b;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes.data()), sum);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(a.data()), unsigned_bytes);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(b.data()), signed_bytes);
    for (std::size_t i = 0; i < 32; ++i) lanes[i / 4] += int{a[i]} * int{b[i]};
    sum = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes.data()));
  }
};

// The instruction as Vpdpbusd has it, but in the encoding of AVX-512, which more CPUs have.
struct Avx512Vpdpbusd {
  __attribute__((target("avx512vnni,avx512vl"))) static __m256i add(__m256i sum, __m256i unsigned_bytes,
                                                                    __m256i signed_bytes) {
    __asm__("vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(unsigned_bytes), "x"(signed_bytes));
    return sum;
  }
};

__attribute__((target("avx512vnni,avx512vl,avx2,fma,f16c"))) bool instruction_is_as_emulated() {
  const __m256i a = _mm256_set1_epi32(static_cast<int>(0xff80017fu)),
                b = _mm256_set1_epi32(static_cast<int>(0x807f01ffu));
  __m256i emulated = _mm256_set1_epi32(1000);
  const __m256i found = Avx512Vpdpbusd::add(emulated, a, b);
  EmulatedVpdpbusd::add(emulated, a, b);
  return _mm256_movemask_epi8(_mm256_cmpeq_epi8(found, emulated)) == -1;
}

// y [n, rows], as matmul computes it with the kernels of avxvnni.
std::vector<float> emulated_product(const cpu::PackedMatrix& w, const std::vector<float>& x, std::size_t n) {
  const auto kernel = cpu::detail::kernel_of<cpu::Avx2Panels<cpu::VnniDot<EmulatedVpdpbusd>>>(w.type());
  return product_with(kernel, InstructionSet::avx2, cpu::ReadAhead::none, w, x, n);
}

}  // namespace

TEST_CASE("an emulated AVX-VNNI gives the bits of the portable kernels, for every type and number of inputs") {
  if (!cpu::supported(InstructionSet::avx2)) {
    MESSAGE("left out: this CPU has no AVX2");
    return;
  }
  ThreadTeam team(1);
  for (const DTypeInfo& entry : dtype_table) {
    const RandomWeight weight(entry.type, 37, 512, 3);
    const cpu::PackedMatrix packed(weight.raw, team);
    for (std::size_t n : {1, 2, 3, 5, 17, 64, 65, 66}) {
      const std::vector<float> x = random_inputs(n * 512, static_cast<unsigned>(n));
      CHECK_MESSAGE(same_bits(emulated_product(packed, x, n), product(InstructionSet::portable, packed, x, n)),
                    name(entry.type), ", inputs: ", n);
    }
  }
}

TEST_CASE("the order of VPDPBUSD's operands is that of its emulation") {
  if (!cpu::supported(InstructionSet::avx512)) {
    MESSAGE("left out: this CPU has no AVX-512 with VNNI");
    return;
  }
  CHECK(instruction_is_as_emulated());
}
#endif

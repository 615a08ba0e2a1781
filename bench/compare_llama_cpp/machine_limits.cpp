// Measures two limits of this machine for bench/compare_llama_cpp.py, which builds and drives it: one command a line
// on standard input, one JSON object a line on standard output.
//
//   machine_limits SET THREADS     SET: avx2 or avx512, the instruction set whose instructions are measured
//   limits                         GB/s that all threads together read linearly, each its own part of 1 GiB in huge
//                                  pages; and Gop/s of 8-bit multiply-and-add instructions that work in registers
//
// Each is the best of three passes. The loops are inline assembly, so that no compiler can shorten them.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/tensor.hpp"

using namespace litestage;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t memory_bytes = std::size_t{1} << 30;
constexpr std::size_t block_bytes = 512;  // read by one iteration of either loop below
constexpr int passes = 3;
constexpr std::size_t peak_iterations = std::size_t{1} << 22;
constexpr std::size_t accumulators = 12;  // additions of one iteration, enough to hide an instruction's latency

#define VECTOR_REGISTERS                                                                                              \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
      "xmm14", "xmm15"

LITESTAGE_TARGET_AVX2 void read_avx2(const std::byte* begin, std::size_t bytes) {
  for (const std::byte* p = begin; p != begin + bytes; p += block_bytes) {
    asm volatile(
        ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
        "vmovdqu 32*\\i(%0), %%ymm\\i\n\t"
        ".endr"
        :
        : "r"(p)
        : "memory", VECTOR_REGISTERS);
  }
  asm volatile("vzeroupper" : : : VECTOR_REGISTERS);
}

LITESTAGE_TARGET_AVX512 void read_avx512(const std::byte* begin, std::size_t bytes) {
  for (const std::byte* p = begin; p != begin + bytes; p += block_bytes) {
    asm volatile(
        ".irp i,0,1,2,3,4,5,6,7\n\t"
        "vmovdqu64 64*\\i(%0), %%zmm\\i\n\t"
        ".endr"
        :
        : "r"(p)
        : "memory", VECTOR_REGISTERS);
  }
  asm volatile("vzeroupper" : : : VECTOR_REGISTERS);
}

// 32 multiplications and 16 additions of vpmaddubsw, 16 additions of vpaddw. Grouped by six, these instructions spread
// over the execution units better than in pairs.
constexpr std::size_t avx2_operations = 64 * accumulators;
LITESTAGE_TARGET_AVX2 void compute_avx2() {
  for (std::size_t i = 0; i < peak_iterations; ++i) {
    asm volatile(
        ".rept 2\n\t"
        ".irp i,0,1,2,3,4,5\n\t"
        "vpmaddubsw %%ymm8, %%ymm9, %%ymm1\\i\n\t"
        ".endr\n\t"
        ".irp i,0,1,2,3,4,5\n\t"
        "vpaddw %%ymm1\\i, %%ymm\\i, %%ymm\\i\n\t"
        ".endr\n\t"
        ".endr"
        :
        :
        : VECTOR_REGISTERS);
  }
  asm volatile("vzeroupper" : : : VECTOR_REGISTERS);
}

// 64 multiplications and 64 additions of vpdpbusd.
constexpr std::size_t avx512_operations = 128 * accumulators;
LITESTAGE_TARGET_AVX512 void compute_avx512() {
  for (std::size_t i = 0; i < peak_iterations; ++i) {
    asm volatile(
        ".irp i,0,1,2,3,4,5,6,7,8,9,10,11\n\t"
        "vpdpbusd %%zmm14, %%zmm15, %%zmm\\i\n\t"
        ".endr"
        :
        :
        : VECTOR_REGISTERS);
  }
  asm volatile("vzeroupper" : : : VECTOR_REGISTERS);
}

// Seconds from the start of the first thread to the end of the last, best of all passes.
template <class Work>
double best_seconds(std::size_t threads, const Work& work) {
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    std::barrier ready(static_cast<std::ptrdiff_t>(threads));
    std::vector<Clock::time_point> begun(threads), ended(threads);
    std::vector<std::jthread> team;
    for (std::size_t t = 0; t < threads; ++t) {
      team.emplace_back([&, t] {
        ready.arrive_and_wait();
        begun[t] = Clock::now();
        work(t);
        ended[t] = Clock::now();
      });
    }
    team.clear();  // waits for all
    const auto first = *std::min_element(begun.begin(), begun.end());
    const auto last = *std::max_element(ended.begin(), ended.end());
    const double seconds = std::chrono::duration<double>(last - first).count();
    if (pass == 0 || seconds < best) best = seconds;
  }
  return best;
}

class Limits {
 public:
  Limits(cpu::InstructionSet set, std::size_t threads)
      : wide_(set == cpu::InstructionSet::avx512),
        threads_(threads),
        part_bytes_(memory_bytes / threads / block_bytes * block_bytes),
        memory_(part_bytes_ * threads) {
    std::memset(memory_.data(), 1, memory_.size());  // memory that was never written would be one page of zeros
  }

  [[nodiscard]] double read_bandwidth() const {
    const double seconds = best_seconds(threads_, [this](std::size_t t) {
      const std::byte* part = memory_.data() + t * part_bytes_;
      wide_ ? read_avx512(part, part_bytes_) : read_avx2(part, part_bytes_);
    });
    return static_cast<double>(memory_.size()) / seconds / 1e9;
  }
  [[nodiscard]] double integer_peak() const {
    const double seconds = best_seconds(threads_, [this](std::size_t) { wide_ ? compute_avx512() : compute_avx2(); });
    const std::size_t operations = (wide_ ? avx512_operations : avx2_operations) * peak_iterations * threads_;
    return static_cast<double>(operations) / seconds / 1e9;
  }

 private:
  bool wide_;
  std::size_t threads_;
  std::size_t part_bytes_;    // of one thread
  Buffer<std::byte> memory_;  // asks for huge pages
};

void serve(const Limits& limits) {
  std::cout << R"({"ready": true})" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line != "limits") throw Error(concat("found \"", line, "\", expected limits"));
    std::cout << R"({"read_bandwidth": )" << limits.read_bandwidth() << R"(, "integer_peak": )" << limits.integer_peak()
              << '}' << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw Error("expected two arguments: SET THREADS");
    const cpu::InstructionSet set = cpu::instruction_set_from(argv[1]);
    if (set != cpu::InstructionSet::avx2 && set != cpu::InstructionSet::avx512) {
      throw Error(concat("found instruction set ", argv[1], ", expected avx2 or avx512"));
    }
    serve(Limits(set, std::stoul(argv[2])));
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "machine_limits: " << e.what() << '\n';
    return 1;
  }
}

// Measures two limits of this machine for bench/compare_llama_cpp.py, which builds and drives it: one command a line
// on standard input, one JSON object a line on standard output.
//
//   machine_limits SET THREADS     SET: avx2 or avx512, the instruction set whose instructions are measured
//   limits                         GB/s that all threads together read linearly, each its own part of 1 GiB in huge
//                                  pages, as plain loads or with the read-ahead of litestage's kernels, whichever is
//                                  faster; and Gop/s of 8-bit multiply-and-add instructions that work in registers
//
// Each is the mean of half a second, because what it is compared with is a mean, too: on a machine that other work
// shares, a short pass that happened to be undisturbed promises what no program gets for seconds. The loops are inline
// assembly, so that no compiler can shorten them.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <iostream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/matmul/read_ahead.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/tensor.hpp"

using namespace litestage;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t memory_bytes = std::size_t{1} << 30;
constexpr std::size_t block_bytes = 512;  // read by one iteration of either loop below
constexpr std::chrono::milliseconds measured_time{500};
constexpr std::size_t peak_iterations = std::size_t{1} << 20;  // some milliseconds
constexpr std::size_t accumulators = 12;  // additions of one iteration, enough to hide an instruction's latency

#define VECTOR_REGISTERS                                                                                              \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
      "xmm14", "xmm15"

LITESTAGE_TARGET_AVX2 void read_avx2(const std::byte* begin, std::size_t bytes, cpu::ReadAhead ahead) {
  for (const std::byte* p = begin; p != begin + bytes; p += block_bytes) {
    cpu::read_ahead<block_bytes>(ahead, p);
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

LITESTAGE_TARGET_AVX512 void read_avx512(const std::byte* begin, std::size_t bytes, cpu::ReadAhead ahead) {
  for (const std::byte* p = begin; p != begin + bytes; p += block_bytes) {
    cpu::read_ahead<block_bytes>(ahead, p);
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

// Amount of work in a second: every thread repeats its part, of the given amount, until the time is over, and their own
// rates add up. Threads do not wait for each other, so one that has lost its core for a while slows down no other.
template <class Work>
double sustained_rate(std::size_t threads, double part_amount, const Work& work) {
  std::barrier ready(static_cast<std::ptrdiff_t>(threads));
  std::vector<double> rates(threads);
  std::vector<std::jthread> team;
  for (std::size_t t = 0; t < threads; ++t) {
    team.emplace_back([&, t] {
      ready.arrive_and_wait();
      const Clock::time_point begun = Clock::now();
      std::chrono::duration<double> elapsed{};
      double amount = 0;
      for (; elapsed < measured_time; elapsed = Clock::now() - begun) {
        work(t);
        amount += part_amount;
      }
      rates[t] = amount / elapsed.count();
    });
  }
  team.clear();  // waits for all
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

class Limits {
 public:
  Limits(cpu::InstructionSet set, std::size_t threads)
      : wide_(set == cpu::InstructionSet::avx512),
        ahead_(cpu::read_ahead_of(set)),
        threads_(threads),
        part_bytes_(memory_bytes / threads / block_bytes * block_bytes),
        memory_(part_bytes_ * threads) {
    std::memset(memory_.data(), 1, memory_.size());  // memory that was never written would be one page of zeros
  }

  [[nodiscard]] double read_bandwidth() const {
    const double plain = read_bandwidth(cpu::ReadAhead::none);
    return ahead_ == cpu::ReadAhead::none ? plain : std::max(plain, read_bandwidth(ahead_));
  }
  [[nodiscard]] double integer_peak() const {
    const std::size_t operations = (wide_ ? avx512_operations : avx2_operations) * peak_iterations;
    const auto compute = [this](std::size_t) { wide_ ? compute_avx512() : compute_avx2(); };
    return sustained_rate(threads_, static_cast<double>(operations) / 1e9, compute);
  }

 private:
  [[nodiscard]] double read_bandwidth(cpu::ReadAhead ahead) const {
    const auto read = [this, ahead](std::size_t t) {
      const std::byte* part = memory_.data() + t * part_bytes_;
      wide_ ? read_avx512(part, part_bytes_, ahead) : read_avx2(part, part_bytes_, ahead);
    };
    return sustained_rate(threads_, static_cast<double>(part_bytes_) / 1e9, read);
  }

  bool wide_;
  cpu::ReadAhead ahead_;
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

// A runtime that lists the launches of a step, each with its work and a function that repeats it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/validate/speed/launch_work.hpp"

namespace litestage::validation {

template <gpu::Runtime R>
class Listed : public R {
 public:
  using R::R;

  struct Launch {
    std::string kernel;  // or "gemm"
    LaunchWork work;
    std::function<void()> again;  // repeats it; valid as long as the memory that its parameters point to
  };

  // Runs work() and lists its launches.
  template <class Work>
  [[nodiscard]] std::vector<Launch> list(const Work& work) {
    listing_ = true;
    try {
      work();
    } catch (...) {
      listing_ = false;
      listed_.clear();
      throw;
    }
    listing_ = false;
    const ReadInts ints = [this](const int* from, std::size_t n) {
      std::vector<int> numbers(n);
      this->copy_to_host(numbers.data(), from, n * sizeof(int));
      return numbers;
    };
    std::vector<Launch> launches;
    for (Entry& e : std::exchange(listed_, {})) {
      launches.push_back({std::move(e.kernel), e.work(ints), std::move(e.again)});
    }
    return launches;
  }

  template <kernels::Kernel K>
  void launch(kernels::Grid grid, const typename K::Params& params) {
    if (listing_) {
      listed_.push_back({K::name, [params](const ReadInts& ints) { return work_of(K{}, params, ints); },
                         [this, grid, params] { R::template launch<K>(grid, params); }});
    }
    R::template launch<K>(grid, params);
  }
  void gemm(const gpu::Gemm& gemm) {
    if (listing_) {
      listed_.push_back({"gemm", [gemm](const ReadInts&) { return work_of(gemm); }, [this, gemm] { R::gemm(gemm); }});
    }
    R::gemm(gemm);
  }

 private:
  // `work` is called after all launches, because it reads device memory, which is not allowed while a step is recorded.
  struct Entry {
    std::string kernel;
    std::function<LaunchWork(const ReadInts&)> work;
    std::function<void()> again;
  };

  std::vector<Entry> listed_;
  bool listing_ = false;
};

}  // namespace litestage::validation

// A runtime that also tells, when asked, what a step consists of: every launch with its work, to be made again alone.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gpu/launch_work.hpp"

namespace litestage::gpu_check {

template <gpu::Runtime R>
class Listed : public R {
 public:
  using R::R;

  struct Launch {
    std::string kernel;  // or "gemm"
    LaunchWork work;
    std::function<void()> again;  // with the same parameters, so while the memory that they name is there
  };

  // The launches that work() makes: all are made, or recorded by whoever records them.
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
  // Its work is read from memory once all launches are made: nothing may be read while a step is recorded.
  struct Entry {
    std::string kernel;
    std::function<LaunchWork(const ReadInts&)> work;
    std::function<void()> again;
  };

  std::vector<Entry> listed_;
  bool listing_ = false;
};

}  // namespace litestage::gpu_check

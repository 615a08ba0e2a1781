// The runtime of the emulated device: every call runs at once, kernels in the emulator and products on the host. It can
// keep a list of all launches, so that tests see what a step consists of.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/gpu/device/reference_gemm.hpp"
#include "litestage/backend/gpu/device/runtime.hpp"
#include "litestage/kernels/emulator/emulator.hpp"

namespace litestage::gpu {

class EmulatedRuntime {
 public:
  // A launch or a product with its arguments.
  class Call {
   public:
    template <class Params>
    Call(const char* name, kernels::Grid grid, const Params& params, std::function<void(EmulatedRuntime&)> run)
        : name_(name),
          grid_(grid),
          params_(std::make_shared<const Params>(params)),
          run_(std::move(run)),
          same_([](const void* x, const void* y) {
            return *static_cast<const Params*>(x) == *static_cast<const Params*>(y);
          }) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] kernels::Grid grid() const { return grid_; }
    void run(EmulatedRuntime& runtime) const { run_(runtime); }
    friend bool operator==(const Call& a, const Call& b) {
      return a.name_ == b.name_ && a.grid_ == b.grid_ && a.same_ == b.same_ &&
             a.same_(a.params_.get(), b.params_.get());
    }

   private:
    std::string name_;  // of the kernel, or "gemm"
    kernels::Grid grid_;
    std::shared_ptr<const void> params_;
    std::function<void(EmulatedRuntime&)> run_;
    bool (*same_)(const void*, const void*);  // compares two Params of this call's type
  };
  using Recording = std::vector<Call>;
  template <DType>
  static constexpr bool has_type = true;
  // Only some of the instances, to compile fewer kernels; results do not depend on the instance.
  template <unsigned n>
  static constexpr bool has_columns = n == 1 || n == 4 || n == 16;

  // `checks`: every access to memory is checked, several times slower.
  explicit EmulatedRuntime(kernels::emulator::Schedule schedule = {}, bool checks = true)
      : emulator_(schedule, checks) {
    device_.name = "emulated";
    device_.multiprocessors = 2;
    device_.shared_bytes = std::size_t{99} << 10;
  }

  [[nodiscard]] const DeviceFacts& device() const { return device_; }
  void expect_free(std::size_t bytes) const {
    if (bytes > free_bytes_) throw Error(concat("emulated: ", bytes, " bytes are needed, ", free_bytes_, " are free"));
  }
  [[nodiscard]] void* allocate(std::size_t bytes) {
    LITESTAGE_ASSERT(!recording_, "memory is allocated while a step is recorded");
    return emulator_.memory().allocate(bytes);
  }
  void release(void* memory) { emulator_.memory().release(memory); }
  void zero(void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); }
  void copy_to_device(void* to, const void* from, std::size_t bytes) const {
    LITESTAGE_ASSERT(!recording_, "a copy while a step is recorded");
    if (bytes != 0) std::memcpy(to, from, bytes);
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) {
    LITESTAGE_ASSERT(!recording_, "a copy while a step is recorded");
    ++read_backs_;
    if (bytes != 0) std::memcpy(to, from, bytes);
  }

  template <kernels::Kernel K>
  void launch(kernels::Grid grid, const typename K::Params& params) {
    do_call(Call(K::name, grid, params, [grid, params](EmulatedRuntime& runtime) {
      runtime.traffic_ += runtime.emulator_.template launch<K>(grid, params);
    }));
  }
  void gemm(const Gemm& gemm) {
    do_call(Call("gemm", {}, gemm, [gemm](EmulatedRuntime&) { reference_gemm(gemm); }));
  }

  void begin_recording() {
    recording_ = true;
    recorded_.clear();
  }
  [[nodiscard]] Recording end_recording() {
    recording_ = false;
    return std::move(recorded_);
  }
  void abandon_recording() noexcept { recording_ = false; }
  void replay(const Recording& recording) {
    for (const Call& call : recording) do_call(call);
  }

  // For tests.
  [[nodiscard]] kernels::emulator::Emulator& emulator() { return emulator_; }
  // The calls that ran since take_calls was last called.
  [[nodiscard]] std::vector<Call> take_calls() { return std::exchange(calls_, {}); }
  // Sets the number of free bytes that expect_free checks; `allocate` ignores it.
  void set_free_bytes(std::size_t bytes) { free_bytes_ = bytes; }
  void keep_calls(bool keep) { keeps_calls_ = keep; }
  // The number of copies to the host since take_read_backs was last called.
  [[nodiscard]] std::size_t take_read_backs() { return std::exchange(read_backs_, 0); }
  [[nodiscard]] kernels::emulator::Traffic take_traffic() { return std::exchange(traffic_, {}); }

 private:
  void do_call(const Call& call) {
    if (recording_) {
      recorded_.push_back(call);
      return;
    }
    if (keeps_calls_) calls_.push_back(call);
    call.run(*this);
  }

  DeviceFacts device_;
  kernels::emulator::Emulator emulator_;
  kernels::emulator::Traffic traffic_;
  std::vector<Call> calls_, recorded_;
  std::size_t read_backs_ = 0, free_bytes_ = std::numeric_limits<std::size_t>::max();
  bool keeps_calls_ = false, recording_ = false;
};

static_assert(Runtime<EmulatedRuntime>);

}  // namespace litestage::gpu

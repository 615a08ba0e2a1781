// Functions with which tests run kernels in the emulator.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <span>
#include <vector>

#include "litestage/backend/gpu/memory/pack.hpp"
#include "litestage/kernels/emulator/emulator.hpp"
#include "litestage/kernels/products/weights.cuh"

namespace litestage::test {

using kernels::Grid;
using kernels::emulator::Emulator;
using kernels::emulator::KernelError;
using kernels::emulator::Order;
using kernels::emulator::Schedule;

// The execution orders in which results must have the same bits.
inline constexpr Schedule schedules[] = {
    {Order::ascending, 0}, {Order::descending, 0}, {Order::shuffled, 1}, {Order::shuffled, 2}, {Order::shuffled, 3}};

template <class T>
using DeviceBuffer = kernels::emulator::Buffer<T>;
template <class T>
[[nodiscard]] DeviceBuffer<T> to_device(Emulator& emulator, const std::vector<T>& values) {
  return DeviceBuffer<T>(emulator, std::span<const T>(values));
}
template <class T>
[[nodiscard]] std::vector<T> to_host(const DeviceBuffer<T>& buffer) {
  return std::vector<T>(buffer.data(), buffer.data() + buffer.size());
}

// A packed matrix in the emulated device.
struct DeviceMatrix {
  DeviceMatrix(Emulator& emulator, const RawTensor& raw)
      : DeviceMatrix(emulator, raw, gpu::pack_rows(raw, 0, raw.rows)) {}
  DeviceMatrix(Emulator& emulator, const RawTensor& raw, const gpu::PackedRows& packed)
      : codes(to_device(emulator, packed.codes)),
        scales(to_device(emulator, packed.scales)),
        sub(to_device(emulator, packed.sub)) {
    matrix.type = raw.type;
    matrix.rows = static_cast<unsigned>(raw.rows);
    matrix.columns = static_cast<unsigned>(raw.columns);
    matrix.units = static_cast<unsigned>(gpu::row_sizes(raw.type, raw.columns).units);
    matrix.codes = codes.data();
    matrix.scales = scales.data();
    matrix.sub = sub.data();
  }
  DeviceBuffer<kernels::Vector16> codes;
  DeviceBuffer<std::uint16_t> scales, sub;
  kernels::Matrix matrix;
};

}  // namespace litestage::test

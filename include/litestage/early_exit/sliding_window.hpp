// The most recent values of a branch, for exit policies that test their mean.
#pragma once

#include <cstddef>
#include <vector>

namespace litestage::early_exit {

class SlidingWindow {
 public:
  // Adds a value; the window holds up to `size` values. Returns true if it is full afterwards.
  bool push(float value, std::size_t size) {
    if (values_.size() < size) {
      values_.push_back(value);
    } else {
      values_[oldest_] = value;
      oldest_ = (oldest_ + 1) % size;
    }
    return values_.size() == size;
  }
  // Summed from the oldest value anew each time: no drift, and the same bits wherever the ring begins. A NaN value
  // makes the mean NaN as long as the window contains it.
  [[nodiscard]] double mean() const {
    double sum = 0;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      sum += values_[(oldest_ + i) % values_.size()];
    }
    return sum / static_cast<double>(values_.size());
  }

 private:
  std::vector<float> values_;  // [at most size], a ring once full
  std::size_t oldest_ = 0;
};

}  // namespace litestage::early_exit

// The state of a `for` loop, which its body sees as the variable `loop`.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// Items that the loop's condition refuses are left out. It is asked as late as possible, because the body may change
// what it depends on: when the loop moves on, or when the body asks what comes next.
class Loop {
 public:
  using Condition = std::function<bool(const Value&)>;

  // An empty `condition` accepts all items.
  Loop(Values items, Condition condition) : items_(std::move(items)), condition_(std::move(condition)) {
    for (const Value& item : items_) depth_ = item.depth() + 1 > depth_ ? item.depth() + 1 : depth_;
  }

  // Moves to the next item; false if there is none.
  [[nodiscard]] bool move_on();
  // The item that the loop is at.
  [[nodiscard]] const Value& item() const { return *current_; }
  // The loop has ended: whoever kept it may still read it, but its condition is gone.
  void end() { condition_ = nullptr; }

  // What `loop.name` is; an undefined value if there is no such attribute.
  [[nodiscard]] Value attribute(std::string_view name);
  [[nodiscard]] std::size_t index0() const { return index0_; }
  [[nodiscard]] int depth() const { return depth_; }

 private:
  // The item after the current one; null if that is the last.
  [[nodiscard]] const Value* peek();
  // The number of items in all.
  [[nodiscard]] std::size_t length();

  Values items_;
  Condition condition_;
  std::size_t next_ = 0;    // in items_: the first that was not looked at
  std::size_t index0_ = 0;  // of the current item
  bool has_begun_ = false;
  std::optional<Value> previous_{};
  std::optional<Value> current_{};
  Values ahead_{};  // accepted items; those from ahead_read_ on come after the current one
  std::size_t ahead_read_ = 0;
  int depth_ = 1;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/loop.hpp"
#endif

// What all parts of one rendering share: the place that errors name, the limits, and the makers of large values, which
// count towards the limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// A template from a file must not be able to hang a program or to fill its memory. Templates of real models take a few
// thousand steps and bytes of a few times the conversation.
struct Limits {
  std::size_t steps = 5'000'000;                     // operations, and elements that they visit
  std::size_t bytes = std::size_t{256} << 20;        // of all texts and lists that are made or compared, together
  std::size_t output_bytes = std::size_t{64} << 20;  // of the rendered text
  int depth = 250;                                   // of expressions, blocks and macros within each other
};
inline constexpr int max_value_depth = 64;          // of lists and dictionaries within each other
inline constexpr std::int64_t max_range = 100'000;  // items of range(...), as in Jinja's sandbox

// Throws the Error "<name>, line <line>: <what>".
[[noreturn]] void fail_at(std::string_view name, int line, std::string_view what);

class RenderState {
 public:
  // `name` says in errors which template it is; it must outlive this object.
  RenderState(std::string_view name, const Limits& limits) : name_(name), limits_(limits) {}
  RenderState(const RenderState&) = delete;
  RenderState& operator=(const RenderState&) = delete;

  // The line of the template that is being rendered.
  void at_line(int line) { line_ = line; }
  [[nodiscard]] int line() const { return line_; }
  [[noreturn]] void fail(std::string_view what) const { fail_at(name_, line_, what); }
  // "<operation> does not take <kind of the value>"; an undefined value says what is missing.
  [[noreturn]] void refuse(std::string_view operation, const Value& value) const;

  void count_steps(std::size_t n = 1) {
    if (n > limits_.steps - steps_) fail_of_steps();
    steps_ += n;
  }
  void count_bytes(std::size_t n) {
    if (n > limits_.bytes - bytes_) fail_of_bytes();
    bytes_ += n;
  }
  void check_output(std::size_t bytes) const {
    if (bytes > limits_.output_bytes) fail_of_output();
  }

  // Counts one level of nesting while it lives.
  class Level {
   public:
    explicit Level(RenderState& state) : state_(state) {
      if (++state_.depth_ > state_.limits_.depth) state_.fail_of_depth();
    }
    ~Level() { --state_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    RenderState& state_;
  };

  [[nodiscard]] Value text(MarkedText text);
  [[nodiscard]] Value list(Values items, ListKind kind = ListKind::list);
  // Of entries with the same key, the last one counts, at the place of the first.
  [[nodiscard]] Value dict(DictEntries entries);
  [[nodiscard]] Value method(Value self, std::string_view name);
  // Lives as long as this object.
  [[nodiscard]] Namespace* make_namespace();

 private:
  [[noreturn]] void fail_of_steps() const;
  [[noreturn]] void fail_of_bytes() const;
  [[noreturn]] void fail_of_output() const;
  [[noreturn]] void fail_of_depth() const;
  // The depth of a value around one with this depth.
  [[nodiscard]] int depth_around(int inner) const;

  std::string_view name_;
  Limits limits_;
  int line_ = 1;
  std::size_t steps_ = 0;
  std::size_t bytes_ = 0;
  int depth_ = 0;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/render_state.hpp"
#endif

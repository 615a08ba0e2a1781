// The arguments of a filter, test, method or function, which are given by position or by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// The entry of a table that has this name; null if there is none.
template <class Entry, std::size_t n>
[[nodiscard]] const Entry* entry_named(const Entry (&table)[n], std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

class Arguments {
 public:
  using Named = std::vector<std::pair<std::string_view, Value>>;

  // `callee` is who takes the arguments, in words such as "the filter join". Names must outlive this object.
  Arguments(std::string callee, Values positional, Named named, RenderState& state)
      : callee_(std::move(callee)), positional_(std::move(positional)), named_(std::move(named)), state_(state) {}

  // The argument at this position or with this name; null if there is neither.
  [[nodiscard]] const Value* find(std::size_t position, std::string_view name);
  // The same, with the value of an argument that is left out. Other kinds than the function's own are an Error.
  [[nodiscard]] std::int64_t integer(std::size_t position, std::string_view name, std::int64_t left_out);
  [[nodiscard]] bool flag(std::size_t position, std::string_view name, bool left_out);
  // Null if the argument is left out or none.
  [[nodiscard]] const MarkedText* text(std::size_t position, std::string_view name);
  // An argument that must be given.
  [[nodiscard]] const Value& required(std::size_t position, std::string_view name);
  [[nodiscard]] const MarkedText& required_text(std::size_t position, std::string_view name);

  // All positional arguments from this position on, which count as used.
  [[nodiscard]] Values rest(std::size_t position);
  [[nodiscard]] Named take_named() { return std::exchange(named_, {}); }
  // Whether arguments are given that nobody asked for.
  void refuse_unused() const;

  [[nodiscard]] const std::string& callee() const { return callee_; }
  [[nodiscard]] RenderState& state() const { return state_; }

 private:
  std::string callee_;
  Values positional_;
  Named named_;
  std::vector<std::string_view> used_names_{};
  std::size_t used_positions_ = 0;
  RenderState& state_;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/functions/definitions/arguments.hpp"
#endif

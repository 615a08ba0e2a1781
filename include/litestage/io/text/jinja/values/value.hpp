// The values that a template computes with. They are cheap to copy: what is large is shared and never changes, except
// for namespaces, which the rendering owns (values/render_state.hpp). Those functions also make lists and dictionaries.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"

namespace litestage::io::jinja {

class Loop;
class Value;
struct BoundMethod;
struct Dict;
struct List;
struct MacroBlock;
struct Namespace;

using Values = std::vector<Value>;
using DictEntries = std::vector<std::pair<Value, Value>>;

// A name or a key that is not there. `what` says so, for the error of an operation that needs a value.
struct Undefined {
  std::shared_ptr<const std::string> what{};
};
struct None {};

// A loop, and how deep values are nested in it.
struct LoopReference {
  std::shared_ptr<Loop> loop{};
  int depth = 1;
};

// The functions that every template may call.
enum class Function : std::uint8_t { range, make_namespace, dict, raise_exception, strftime_now };

template <class T, class Variant>
inline constexpr bool is_alternative = false;
template <class T, class... Alternatives>
inline constexpr bool is_alternative<T, std::variant<Alternatives...>> = (std::same_as<T, Alternatives> || ...);

class Value {
 public:
  using Variant = std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const MarkedText>,
                               std::shared_ptr<const List>, std::shared_ptr<const Dict>, Namespace*, LoopReference,
                               std::shared_ptr<const BoundMethod>, const MacroBlock*, Function>;

  Value() = default;
  template <class T>
  requires is_alternative<T, Variant>
  explicit Value(T value) : variant_(std::move(value)) {}
  Value(MarkedText text);
  // Text that the template itself or the program writes.
  [[nodiscard]] static Value markup(std::string_view text);
  [[nodiscard]] static Value undefined(std::string what);
  [[nodiscard]] static Value none() { return Value(None{}); }

  [[nodiscard]] const Variant& variant() const { return variant_; }
  template <class T>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<T>(variant_);
  }

  // Null if the value is of a different kind.
  [[nodiscard]] const MarkedText* text() const { return shared<MarkedText>(); }
  [[nodiscard]] const List* list() const { return shared<List>(); }
  [[nodiscard]] const Dict* dict() const { return shared<Dict>(); }

  // As Python's bool().
  [[nodiscard]] bool truth() const;
  // The kind of the value in words, for errors.
  [[nodiscard]] std::string_view kind() const;
  // How deep values are nested in this one: 0 for numbers and text. Values are released recursively, so this is
  // limited.
  [[nodiscard]] int depth() const;

 private:
  template <class T>
  [[nodiscard]] const T* shared() const {
    const auto* held = std::get_if<std::shared_ptr<const T>>(&variant_);
    return held == nullptr ? nullptr : held->get();
  }

  Variant variant_{};
};

// Python has several kinds of lists, which print, compare and count in different ways. A view is what .items() gives, a
// generator is what most filters give.
enum class ListKind : std::uint8_t { list, tuple, range, view, generator };

struct List {
  ListKind kind = ListKind::list;
  Values items{};
  int depth = 1;
  // A generator can be read once. This flag is its only state.
  mutable bool is_spent = false;
};

// Keeps the order of its entries. Keys are text, numbers, booleans or none.
struct Dict {
  DictEntries entries{};
  int depth = 1;

  // The value under a key that is text; null if there is none.
  [[nodiscard]] const Value* find(std::string_view key) const;
};

// A method that a template takes from a value without calling it.
struct BoundMethod {
  Value self{};
  std::string name{};
};

// A mutable object of named values, by which templates get values out of loops.
struct Namespace {
  std::unordered_map<std::string, Value> values{};
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/value.hpp"
#endif

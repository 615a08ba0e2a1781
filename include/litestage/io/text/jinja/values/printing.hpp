// Values as text: as Python's str() and repr() write them, and as JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

class RenderState;

// What `{{ value }}` writes: str(value). Text keeps its authors; everything around it is markup.
[[nodiscard]] MarkedText printed(const Value& value, RenderState& state);

// repr(value). Python's own choice of printable characters is followed for the common ones only.
[[nodiscard]] MarkedText represented(const Value& value, RenderState& state);

// repr() of a float, such as 1.0 or 1e+16.
[[nodiscard]] std::string real_text(double value);

// How json.dumps lays out its output. Without an indent everything is on one line.
struct JsonLayout {
  std::optional<std::string> indent{};  // of one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool only_ascii = false;
  bool sort_keys = false;
};

// json.dumps(value). All of it counts as words, since keys and quotation marks cannot be told from what is in them.
[[nodiscard]] MarkedText json_text(const Value& value, const JsonLayout& layout, RenderState& state);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/printing.hpp"
#endif

// Runs the statements of a template.
#pragma once

#include <cstdint>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/evaluator.hpp"
#include "litestage/io/text/jinja/functions/arguments.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/variables.hpp"

namespace litestage::io::jinja {

class Renderer {
 public:
  Renderer(Variables& variables, RenderState& state);

  // Appends what the block writes to `out`.
  void render(const Block& block, MarkedText& out) { static_cast<void>(run(block, out)); }

 private:
  // How a statement ends: with the next one, or as {% break %} and {% continue %} say.
  enum class Flow : std::uint8_t { next, leave_loop, next_item };

  [[nodiscard]] Flow run(const Block& block, MarkedText& out);
  [[nodiscard]] Flow run(const TextBlock& text, MarkedText& out);
  [[nodiscard]] Flow run(const PrintBlock& print, MarkedText& out);
  [[nodiscard]] Flow run(const IfBlock& block, MarkedText& out);
  [[nodiscard]] Flow run(const ForBlock& block, MarkedText& out);
  [[nodiscard]] Flow run(const SetBlock& set, MarkedText& out);
  [[nodiscard]] Flow run(const CaptureBlock& block, MarkedText& out);
  [[nodiscard]] Flow run(const MacroBlock& macro, MarkedText& out);
  [[nodiscard]] Flow run(const ScopeBlock& block, MarkedText& out);
  [[nodiscard]] static Flow run(const BreakStatement&, MarkedText&) { return Flow::leave_loop; }
  [[nodiscard]] static Flow run(const ContinueStatement&, MarkedText&) { return Flow::next_item; }

  void write(const MarkedText& text, MarkedText& out);
  void assign(const Target& target, const Value& value);
  [[nodiscard]] Value call_macro(const MacroBlock& macro, Arguments& arguments);

  Variables& variables_;
  RenderState& state_;
  Evaluator evaluator_;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/definitions/renderer.hpp"
#endif

// A Jinja program, parsed once and rendered any number of times. What is understood is the part of the language that
// chat templates use; everything else is an Error that names the word and the line.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

struct Statement;

// Copies share the parsed program. Rendering changes nothing and may be done by several threads at a time.
class Program {
 public:
  using NamedValues = std::vector<std::pair<std::string_view, Value>>;

  // `name` says in errors which program it is: "model.gguf: key tokenizer.chat_template".
  Program(std::string_view source, std::string name);

  [[nodiscard]] MarkedText render(const NamedValues& variables, const Limits& limits = {}) const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::shared_ptr<const std::vector<Statement>> block_;
};

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/definitions/program.hpp"
#endif

// Parsing and rendering of a whole program.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/io/text/jinja/program.hpp"
#include "litestage/io/text/jinja/renderer.hpp"
#include "litestage/io/text/jinja/syntax/parser.hpp"
#include "litestage/io/text/jinja/syntax/syntax_tree.hpp"
#include "litestage/io/text/jinja/variables.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE Program::Program(std::string_view source, std::string name)
    : name_(std::move(name)), block_(std::make_shared<const Block>(parse_template(source, name_))) {}

LITESTAGE_INLINE MarkedText Program::render(const NamedValues& variables, const Limits& limits) const {
  RenderState state(name_, limits);
  Variables scopes;
  for (const auto& [name, value] : variables) scopes.set(name, value);
  MarkedText out;
  Renderer(scopes, state).render(*block_, out);
  return out;
}

}  // namespace litestage::io::jinja

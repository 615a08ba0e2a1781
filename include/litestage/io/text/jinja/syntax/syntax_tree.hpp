// A template after parsing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

struct NamedExpression;

struct Expression {
  enum class Kind : std::uint8_t {
    constant,     // `constant`
    name,         // the variable `word`
    list,         // [parts...]
    tuple,        // (parts...)
    dict,         // {parts[0]: parts[1], parts[2]: parts[3], ...}
    attribute,    // parts[0].word
    item,         // parts[0][parts[1]]
    slice,        // parts[0][parts[1]:parts[2]:parts[3]]; left-out bounds are the constant none
    call,         // parts[0](parts[1], ..., named...)
    filter,       // parts[0] | word(parts[1], ..., named...)
    test,         // parts[0] is word(parts[1], ..., named...)
    negative,     // -parts[0]
    positive,     // +parts[0]
    negation,     // not parts[0]
    both,         // parts[0] and parts[1]
    either,       // parts[0] or parts[1]
    calculation,  // parts[0] operators[0] parts[1]
    comparison,   // parts[0] operators[0] parts[1] operators[1] parts[2] ..., each with the next
    joined_text,  // parts[0] ~ parts[1] ~ ...
    choice        // parts[0] if parts[1] else parts[2]; without the last, an undefined value
  };

  Kind kind = Kind::constant;
  int line = 1;
  int height = 1;  // of the tree below, which is evaluated recursively
  std::string word{};
  Value constant{};
  std::vector<Expression> parts{};
  std::vector<NamedExpression> named;
  std::vector<Operator> operators{};
};

// An argument with its name: indent=4.
struct NamedExpression {
  std::string name{};
  Expression value{};
};

// Moves its arguments into a list, which an initialiser list would copy.
template <class... Parts>
[[nodiscard]] std::vector<Expression> parts_of(Parts... parts) {
  std::vector<Expression> list;
  (list.push_back(std::move(parts)), ...);
  return list;
}

struct Statement;
using Block = std::vector<Statement>;

// What `set` and `for` assign to: a name, several names, or name.attribute of a namespace.
struct Target {
  std::vector<std::string> names{};
  std::string attribute{};
  bool unpacks = false;  // whether the value is a list with an item for each name
};

struct TextBlock {
  Value text{};
};
struct PrintBlock {
  Expression value{};
};
struct IfBlock {
  struct Branch {
    Expression condition{};
    Block body;
  };
  std::vector<Branch> branches;  // if, elif, ...
  Block otherwise;
};
struct ForBlock {
  Target target{};
  Expression items{};
  std::vector<Expression> condition{};  // one or none
  Block body;
  Block otherwise;  // if there are no items
};
struct SetBlock {
  Target target{};
  Expression value{};
};
// {% set name | filters %}body{% endset %} and, without a target, {% filter filters %}body{% endfilter %}. `value` is
// the filters, applied to a variable with the name `captured_text`, which no template can write.
struct CaptureBlock {
  Target target{};
  Block body;
  Expression value{};
};
inline constexpr std::string_view captured_text = "{captured}";

struct MacroBlock {
  std::string name{};
  std::vector<std::string> parameters{};
  std::vector<Expression> defaults{};  // of the last parameters
  Block body;
};
// A block with variables of its own: {% generation %}, {% with %}.
struct ScopeBlock {
  std::vector<SetBlock> variables{};
  Block body;
};
struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  int line = 1;
  std::variant<TextBlock, PrintBlock, IfBlock, ForBlock, SetBlock, CaptureBlock, MacroBlock, ScopeBlock, BreakStatement,
               ContinueStatement>
      form;
};

}  // namespace litestage::io::jinja

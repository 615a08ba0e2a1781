// The variables of a template, in scopes within each other.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

// Names must outlive this object: they belong to the syntax tree, or to who renders it.
class Variables {
 public:
  // The value in the innermost scope that has the name; null if none has.
  [[nodiscard]] const Value* find(std::string_view name) const {
    for (std::size_t i = scopes_.size() - 1;; i = scopes_[i].around) {
      const auto found = scopes_[i].values.find(name);
      if (found != scopes_[i].values.end()) return &found->second;
      if (i == 0) return nullptr;
    }
  }
  // Sets a variable of the current scope.
  void set(std::string_view name, Value value) { scopes_.back().values.insert_or_assign(name, std::move(value)); }

  // The number of the current scope; that of the whole template is 0.
  [[nodiscard]] std::size_t current() const { return scopes_.size() - 1; }

  // While it lives, a new scope is the current one. Around it are the scope with the number `around` and those that are
  // around that.
  class Scope {
   public:
    explicit Scope(Variables& variables) : Scope(variables, variables.current()) {}
    Scope(Variables& variables, std::size_t around) : variables_(variables) {
      variables.scopes_.push_back({.values = {}, .around = around});
    }
    ~Scope() { variables_.scopes_.pop_back(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Variables& variables_;
  };

 private:
  struct OneScope {
    std::unordered_map<std::string_view, Value> values{};
    std::size_t around = 0;
  };
  std::vector<OneScope> scopes_ = std::vector<OneScope>(1);
};

}  // namespace litestage::io::jinja

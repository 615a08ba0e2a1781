// A set of sub-layers and its notation: a3 is the attention of layer 3, m3 its MLP, m4-m9 a range; layers count from 0.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

[[nodiscard]] inline std::string sublayer_name(Sublayer u) {
  return concat(u.unit == Unit::attention ? 'a' : 'm', u.layer);
}

// Upper bound for layers in ranges, far above any real model.
inline constexpr int max_named_layer = 999;

[[nodiscard]] inline std::optional<Sublayer> parse_sublayer(std::string_view text) {
  if (text.size() < 2 || (text[0] != 'a' && text[0] != 'm') || text[1] == '-') return std::nullopt;
  int layer = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), layer);
  if (error != std::errc{} || end != text.data() + text.size() || layer > max_named_layer) return std::nullopt;
  return Sublayer{text[0] == 'a' ? Unit::attention : Unit::mlp, layer};
}

class SublayerSet {
 public:
  SublayerSet() = default;
  SublayerSet(std::initializer_list<Sublayer> sublayers) {
    for (const Sublayer u : sublayers) insert(u);
  }

  void insert(Sublayer u) {
    LITESTAGE_ASSERT(u.layer >= 0 && u.layer <= max_named_layer, u.layer);
    const auto at = std::lower_bound(indices_.begin(), indices_.end(), u.index());
    if (at == indices_.end() || *at != u.index()) indices_.insert(at, u.index());
  }
  [[nodiscard]] bool contains(Sublayer u) const {
    return std::binary_search(indices_.begin(), indices_.end(), u.index());
  }
  [[nodiscard]] bool empty() const { return indices_.empty(); }
  [[nodiscard]] const std::vector<int>& indices() const { return indices_; }  // Sublayer::index(), ascending

  // Reads a list of names and ranges, or a single one.
  static SublayerSet from_form(const Form& form, const Where& where) {
    SublayerSet set;
    if (!form.is_list()) set.insert_named(form, where);
    if (form.is_list()) {
      for (const Form& element : form.list("")) set.insert_named(element, where);
    }
    return set;
  }
  // The shortest such list: attention sub-layers first, then MLPs.
  [[nodiscard]] Form to_form(bool /*all*/) const {
    Form::List list;
    for (const Unit unit : {Unit::attention, Unit::mlp}) append_ranges(list, unit);
    return Form(std::move(list));
  }
  [[nodiscard]] static std::string expected() {
    return concat("a list of sub-layers such as a3, m3 or m4-m9, layers from 0 to ", max_named_layer);
  }

  friend bool operator==(const SublayerSet&, const SublayerSet&) = default;

 private:
  void insert_named(const Form& form, const Where& where) {
    const auto* text = std::get_if<std::string>(&form.value());
    if (text == nullptr) reject<SublayerSet>(form, where, {});
    const std::size_t dash = text->find('-');
    const auto first = parse_sublayer(std::string_view(*text).substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_sublayer(std::string_view(*text).substr(dash + 1));
    if (!first || !last || first->unit != last->unit || first->layer > last->layer) {
      reject<SublayerSet>(form, where, {});
    }
    for (int l = first->layer; l <= last->layer; ++l) insert({first->unit, l});
  }

  void append_ranges(Form::List& list, Unit unit) const {
    for (const int index : indices_) {
      const Sublayer first = Sublayer::at(index);
      if (first.unit != unit || contains_layer(unit, first.layer - 1)) continue;
      Sublayer last = first;
      while (contains_layer(unit, last.layer + 1)) ++last.layer;
      list.emplace_back(first == last ? sublayer_name(first) : concat(sublayer_name(first), "-", sublayer_name(last)));
    }
  }
  [[nodiscard]] bool contains_layer(Unit unit, int layer) const { return layer >= 0 && contains({unit, layer}); }

  std::vector<int> indices_;
};

}  // namespace litestage

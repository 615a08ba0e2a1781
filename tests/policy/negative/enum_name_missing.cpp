// expect: EnumNames<E>::names must have one name for each enumerator of E
#include <array>
#include <string_view>

#include "litestage/core/enum_names.hpp"

enum class Mode { exact, fast, original };

template <>
struct litestage::EnumNames<Mode> {
  static constexpr std::array<std::string_view, 2> names = {"exact", "fast"};
};

constexpr std::string_view fast = litestage::name(Mode::fast);

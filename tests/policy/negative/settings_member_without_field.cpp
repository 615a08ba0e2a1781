// expect: fields() must list every member of the settings
#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"

using namespace litestage;

struct Policy {
  static constexpr std::string_view name = "policy";
  int window = 8;
  float threshold = 0;  // has no Field
  static constexpr auto fields() { return Fields(Field("window", &Policy::window, "values kept")); }
  friend bool operator==(const Policy&, const Policy&) = default;
};

Policy read(const Form& form) {
  return read_fields<Policy>(form, "policy");
}

// expect: fields() must list every member of the settings
#include "litestage/engine/report.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"

using namespace litestage;

struct Timing : StageTimes {
  int tokens = 0;
  static constexpr auto fields() {  // decode_s is not there
    return Fields(field_of(&StageTimes::prefill_s), Field("tokens", &Timing::tokens, "generated"));
  }
  friend bool operator==(const Timing&, const Timing&) = default;
};

Form write(const Timing& timing) {
  return write_fields(timing);
}

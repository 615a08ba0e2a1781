// expect: two alternatives have the same name
#include "litestage/settings/choice.hpp"
#include "litestage/skip/never.hpp"

using namespace litestage;

Choice<skip::Never, skip::Never> choice;

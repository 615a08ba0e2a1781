// A value read from a file together with its place in the file, for error messages.
#pragma once

#include <string>

#include "litestage/settings/form.hpp"

namespace litestage {

struct Record {
  std::string where;  // "FILE:LINE" for JSON Lines, "FILE: record N" (from 1) for an element of a JSON array
  Form value;
};

}  // namespace litestage

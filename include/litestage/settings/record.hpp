// A value read from a file, and where it stood there, so that those who check it can say so.
#pragma once

#include <string>

#include "litestage/settings/form.hpp"

namespace litestage {

struct Record {
  std::string where;  // "FILE:LINE" of a line of JSON, "FILE: record N" (from 1) of a member of one JSON array
  Form value;
};

}  // namespace litestage

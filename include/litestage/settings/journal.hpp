// Where long work keeps what it has finished, so that it goes on from there after it was killed.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage {

struct Journal {
  std::vector<Record> records = {};  // what earlier runs of the same work finished
  // Keeps one more record; it is safe when this returns. Does nothing by default: then all is lost on a kill.
  std::function<void(const Form&)> append = [](const Form&) {};
  // The context, in positions, of those records that do not say for which contexts they hold; 0: they hold for any.
  std::size_t context = 0;
};

}  // namespace litestage

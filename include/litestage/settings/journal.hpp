// A journal as long work sees it: the records of its finished parts, and a function that stores the next record. Work
// that is run again with them continues where it was killed.
//
// The records: calibrate/trials/stage_record.hpp for a search, compare/finished_work.hpp for a comparison.
// The file: io/files/journal_file.hpp opens and extends it, io/files/journal_format.hpp says what its lines look like.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"

namespace litestage {

struct Journal {
  std::vector<Record> records = {};  // records that earlier runs of the same work finished
  // Stores one more record; the record is safe when this returns. By default it does nothing, so a kill loses all work.
  std::function<void(const Form&)> append = [](const Form&) {};
  // The context, in positions, for records that do not state the contexts for which they hold; 0: they hold for any.
  std::size_t context = 0;
};

}  // namespace litestage

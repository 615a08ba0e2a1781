// What a program says when it goes on with a journal.
#pragma once

#include <iostream>

#include "litestage/io/journal_file.hpp"

namespace litestage::cli {

inline void tell_of_journal(const io::JournalFile& journal, bool quiet) {
  if (quiet) return;
  if (journal.dropped_bytes() > 0) {
    std::cerr << journal.path() << ": a record that was cut off while it was written (" << journal.dropped_bytes()
              << " bytes) is left out\n";
  }
  if (!journal.records().empty())
    std::cerr << journal.path() << ": going on after " << journal.records().size() << " records" << std::endl;
}

}  // namespace litestage::cli

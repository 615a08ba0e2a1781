// Opening of journals, and the messages of programs that continue one.
#pragma once

#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "litestage/calibrate/plan/check_plan.hpp"
#include "litestage/io/files/journal_file.hpp"
#include "litestage/settings/journal.hpp"

namespace litestage::cli {

// The context in the identity of a journal of an earlier version. It applies to records that do not say for which
// contexts they hold.
[[nodiscard]] inline std::size_t context_of_journal(const io::JournalFile& journal) {
  const Form* context = journal.identity().find("context");
  return context == nullptr ? 0 : static_cast<std::size_t>(context->integer(journal.path() + ": identity.context"));
}

// The library's view of a journal: the file, or nothing if it is null.
[[nodiscard]] inline Journal journal_of(io::JournalFile* file) {
  if (file == nullptr) return {};
  return {file->records(), [file](const Form& record) { file->append(record); }, context_of_journal(*file)};
}

// Returns null if `path` is empty. The identity's "model" is facts.model. A journal of an earlier version, which
// identifies the same model by samples and has a context, is continued.
[[nodiscard]] inline std::unique_ptr<io::JournalFile> open_journal(const std::string& path, const Form& identity,
                                                                   const calibrate::PlanFacts& facts, bool quiet) {
  if (path.empty()) return nullptr;
  auto journal = std::make_unique<io::JournalFile>(
      path, identity, std::vector<io::EarlierKey>{{"model", facts.sampled_model}, {"context", std::nullopt}});
  if (journal->identity().at("model", path) != identity.at("model", path)) {
    std::cerr << "warning: " << path << ": the journal names its model by samples of the weights only, as earlier "
              << "versions did, so records of a model that differs in other weights would be accepted; to check every "
              << "byte, begin a new journal (--journal FILE)" << std::endl;
  }
  if (quiet) return journal;
  if (journal->dropped_bytes() > 0) {
    std::cerr << path << ": a record that was cut off while it was written (" << journal->dropped_bytes()
              << " bytes) is left out\n";
  }
  if (!journal->records().empty())
    std::cerr << path << ": continues after " << journal->records().size() << " records" << std::endl;
  return journal;
}

// Reports records that do not hold for this --context: they are not used, and their work is done again.
inline void tell_of_left_out(const io::JournalFile* journal, std::size_t left_out, bool quiet) {
  if (journal == nullptr || left_out == 0 || quiet) return;
  std::cerr << journal->path() << ": " << left_out << (left_out == 1 ? " record holds" : " records hold")
            << " only for a different --context, so this work is done again" << std::endl;
}

}  // namespace litestage::cli

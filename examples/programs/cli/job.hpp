// Everything that a run needs besides a backend.
#pragma once

#include <string>

#include "cli/options/files.hpp"
#include "cli/options/options.hpp"
#include "cli/options/policies.hpp"
#include "litestage/io/model_file.hpp"
#include "litestage/tasks/question_set.hpp"

namespace litestage::cli {

struct Job {
  Options options;
  Policies policies;
  std::string data;  // path of the questions; empty with --prompt
  tasks::QuestionSet questions;
  io::ModelFile model;
};

// The files named by these options. A program adds its own and checks them first.
[[nodiscard]] Files files_of(const Options& options);
// Reads and checks everything, so that every input error is found before weights are loaded.
[[nodiscard]] Job prepare(Options options);

// Throws an Error if there are fewer questions than --questions asks for.
void require_questions(const Job& job);

}  // namespace litestage::cli

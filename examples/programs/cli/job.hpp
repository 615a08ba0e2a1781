// What a run needs beside a backend.
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

// The files that these options name, for a program to add its own to and to check before anything else.
[[nodiscard]] Files files_of(const Options& options);
// Reads and checks everything; whatever can be wrong is found here, before any weights are loaded.
[[nodiscard]] Job prepare(const Options& options);

// An Error where there are fewer questions than --questions says, for programs that do not take fewer.
void require_questions(const Job& job);

}  // namespace litestage::cli

// What a run needs beside a backend.
#pragma once

#include <string>
#include <vector>

#include "cli/files.hpp"
#include "cli/options.hpp"
#include "cli/policies.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/model/source/weights.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::cli {

struct Job {
  Options options;
  Policies policies;
  std::string data;  // path of the questions; empty with --prompt
  std::vector<Question> questions;
  io::Gguf file;
  io::TextCodec codec;
  ModelSource source;
  mutable std::string fingerprint{};  // to be had from model_fingerprint
};

// io::fingerprint of the job's model, computed when it is first asked for and then kept: it reads the whole file.
[[nodiscard]] const std::string& model_fingerprint(const Job& job);

// The files that these options name, for a program to add its own to and to check before anything else.
[[nodiscard]] Files files_of(const Options& options);
// Reads and checks everything; whatever can be wrong is found here, before any weights are loaded.
[[nodiscard]] Job prepare(const Options& options);

// An Error where there are fewer questions than --questions says, for programs that do not take fewer.
void require_questions(const Job& job);

}  // namespace litestage::cli

// The files that a program reads and writes, as named by its options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "litestage/io/adapters/read_lora_adapter.hpp"
#include "litestage/io/files/distinct_files.hpp"
#include "litestage/io/files/output_file.hpp"
#include "litestage/io/model_contents.hpp"

namespace litestage::cli {

class Files {
 public:
  Files& reads(const std::string& option, const std::string& path) {
    inputs_.push_back({option, path});
    return *this;
  }
  // The files of --model: one, or those of a folder. An empty path means that none is read.
  Files& reads_model(const std::string& path) {
    for (const std::string& file : io::model_paths(path)) reads("--model", file);
    return *this;
  }
  // The files of each --lora, which is PATH or PATH:SCALE.
  Files& reads_adapters(const std::vector<std::string>& adapters) {
    for (const std::string& text : adapters) {
      for (const std::string& file : io::lora_paths(io::read_lora_choice(text).path)) reads("--lora", file);
    }
    return *this;
  }
  // A SPEC that begins with "@" names a file to read.
  Files& reads_spec(const std::string& option, std::string_view spec) {
    return spec.starts_with('@') ? reads(option, std::string(spec.substr(1))) : *this;
  }
  // An empty path means that nothing is written.
  Files& writes(const std::string& option, const std::string& path) {
    outputs_.push_back({option, path});
    return *this;
  }
  // A journal is read, then appended to. The journal reports its own errors when it is opened.
  Files& goes_on_with(const std::string& option, const std::string& path) {
    journals_.push_back({option, path});
    return *this;
  }
  Files& add(const Files& other) {
    inputs_.insert(inputs_.end(), other.inputs_.begin(), other.inputs_.end());
    outputs_.insert(outputs_.end(), other.outputs_.begin(), other.outputs_.end());
    journals_.insert(journals_.end(), other.journals_.begin(), other.journals_.end());
    return *this;
  }

  // Call it before any work. Throws an Error if an output would overwrite an input or a second output, or cannot be
  // written. Leaves no files behind.
  void check() const {
    std::vector<io::NamedFile> written = journals_;
    written.insert(written.end(), outputs_.begin(), outputs_.end());
    io::check_distinct(inputs_, written);
    for (const io::NamedFile& file : outputs_) {
      if (!file.path.empty()) io::OutputFile probe(file.path);
    }
  }

 private:
  std::vector<io::NamedFile> inputs_, outputs_, journals_;
};

}  // namespace litestage::cli

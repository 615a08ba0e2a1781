// The frame of main() of a program with options: parsing, messages, exit codes. Only the sources that declare options
// include CLI11, because each file that does takes six seconds more to compile.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace litestage::cli {

// The effect of Ctrl-C and similar signals on a program.
enum class OnSignal {
  stop_cleanly,  // `work` calls interrupted() and keeps finished work
  end_at_once    // the program has nothing to keep
};

// Maximum length of an error message in bytes. None of our messages comes near it.
inline constexpr std::size_t longest_message = 2000;

class Command {
 public:
  // `summary`: the first line of --help.
  Command(const std::string& name, const std::string& summary);

  // For the functions that declare options.
  [[nodiscard]] CLI::App& app() { return *app_; }
  // Whether the option was given; valid once the command line is parsed.
  [[nodiscard]] bool given(const std::string& option) const;

  // Parses the command line and runs `work`, which returns the exit code. Returns the exit code of the program: 0:
  // done; 1: an error, reported in one sentence on standard error; 128 + the signal's number (130 for Ctrl-C): stopped
  // by a signal.
  [[nodiscard]] int run(int argc, char** argv, const std::function<int()>& work,
                        OnSignal on_signal = OnSignal::stop_cleanly);

 private:
  std::shared_ptr<CLI::App> app_;
};

}  // namespace litestage::cli

// The frame of main() of a program with options: parsing, messages, exit codes. 0: done; 1: an error, reported in one
// sentence on standard error; 128 + the signal's number (130 for Ctrl-C): stopped by a signal.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <exception>
#include <iostream>
#include <new>
#include <string_view>

#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/standard_streams.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"

namespace litestage::cli {

// The effect of Ctrl-C and similar signals on a program.
enum class OnSignal {
  stop_cleanly,  // `work` calls interrupted() and keeps finished work
  end_at_once    // the program has nothing to keep
};

// Maximum length of an error message in bytes. None of our messages comes near it.
inline constexpr std::size_t longest_message = 2000;

// `work` returns the exit code.
template <class Work>
int run_main(CLI::App& app, int argc, char** argv, Work work, OnSignal on_signal = OnSignal::stop_cleanly) {
  open_standard_streams();
  const auto fail = [&](std::string_view what) {
    std::cout.flush();
    std::cerr << app.get_name() << ": " << shown(what, longest_message) << '\n';
    return 1;
  };
  std::ios::sync_with_stdio(false);
  try {
    app.parse(argc, argv);
    if (on_signal == OnSignal::stop_cleanly) catch_interrupts();
    const int code = work();
    const bool written = static_cast<bool>(std::cout.flush());
    if (output_closed()) return interrupted_exit_code();
    if (!written) throw Error("standard output: cannot be written");
    return code;
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return fail(concat(e.what(), " (--help lists the options)"));
  } catch (const Interrupted&) {
    if (!output_closed()) fail("stopped, nothing was written");
    return interrupted_exit_code();
  } catch (const std::bad_alloc&) {
    return fail("out of memory; a smaller --context, --batch or model needs less");
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}

}  // namespace litestage::cli

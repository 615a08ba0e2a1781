// What main() of a program with options does around its work: parsing, messages, exit codes. 0: done; 1: something is
// wrong, in one sentence on standard error; 130: stopped by Ctrl-C.
#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <new>
#include <string_view>

#include "cli/interrupt.hpp"
#include "litestage/core/error.hpp"

namespace litestage::cli {

// `work` returns the exit code.
template <class Work>
int run_main(CLI::App& app, int argc, char** argv, Work work) {
  const auto fail = [&](std::string_view what) {
    std::cout.flush();
    std::cerr << app.get_name() << ": " << what << '\n';
    return 1;
  };
  std::ios::sync_with_stdio(false);
  try {
    app.parse(argc, argv);
    catch_interrupts();
    const int code = work();
    if (!std::cout.flush()) throw Error("standard output: cannot be written");
    return code;
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return fail(concat(e.what(), " (--help lists the options)"));
  } catch (const Interrupted&) {
    fail("stopped, nothing was written");
    return interrupted_exit_code();
  } catch (const std::bad_alloc&) {
    return fail("out of memory; a smaller --context, --batch or model needs less");
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}

}  // namespace litestage::cli

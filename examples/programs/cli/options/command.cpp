#include "cli/options/command.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <new>
#include <string_view>

#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/standard_streams.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"

namespace litestage::cli {

Command::Command(const std::string& name, const std::string& summary)
    : app_(std::make_shared<CLI::App>(summary, name)) {}

bool Command::given(const std::string& option) const {
  return app_->count(option) > 0;
}

int Command::run(int argc, char** argv, const std::function<int()>& work, OnSignal on_signal) {
  open_standard_streams();
  const auto fail = [&](std::string_view what) {
    std::cout.flush();
    std::cerr << app_->get_name() << ": " << shown(what, longest_message) << '\n';
    return 1;
  };
  std::ios::sync_with_stdio(false);
  try {
    app_->parse(argc, argv);
    if (on_signal == OnSignal::stop_cleanly) catch_interrupts();
    const int code = work();
    const bool written = static_cast<bool>(std::cout.flush());
    if (output_closed()) return interrupted_exit_code();
    if (!written) throw Error("standard output: cannot be written");
    return code;
  } catch (const CLI::CallForHelp& e) {
    return app_->exit(e);
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

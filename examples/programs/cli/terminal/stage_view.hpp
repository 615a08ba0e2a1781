// Shows the texts of the stages of one question while they are written. The first branch of a stage is shown token by
// token, the others when the stage has ended, because branches are written at the same time and would mix.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "cli/terminal/progress.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/io/text/text_stream.hpp"
#include "litestage/prompt/any_tokenizer.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/step/types.hpp"

namespace litestage::cli {

// Whether standard output is a file rather than a terminal, so that text may be written unchanged.
[[nodiscard]] inline bool output_is_file() {
  struct stat status = {};
  return ::fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

// Prints text while it is generated: whole characters only, and, unless it is raw, no control characters except line
// breaks and tabs, because a terminal might obey them. With an indent, every line is indented, and blanks at either end
// are dropped.
class TextBlock {
 public:
  TextBlock(std::ostream& out, std::string_view indent, bool raw)
      : out_(&out), indent_(indent), raw_(raw), begun_(indent.empty()) {}

  void push(std::string_view bytes) { print(stream_.push(bytes)); }
  void end() {
    print(stream_.flush());
    if (indent_.empty()) *out_ << waiting_;
    *out_ << '\n' << std::flush;
  }

 private:
  void print(std::string_view text) {
    while (!text.empty()) {
      const char c = text.front();
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        text.remove_prefix(1);
        if (begun_) waiting_ += c == '\r' && !raw_ ? ' ' : c;
        continue;
      }
      for (const char w : begun_ ? waiting_ : indent_) put(w);
      waiting_.clear();
      begun_ = true;
      std::string character;
      const std::size_t length = append_shown(character, text);
      *out_ << (raw_ ? text.substr(0, length) : std::string_view(character));
      text.remove_prefix(length);
    }
    *out_ << std::flush;
  }
  void put(char c) {
    *out_ << c;
    if (c == '\n') *out_ << indent_;
  }

  std::ostream* out_;
  std::string indent_;
  bool raw_;
  io::TextStream stream_;
  std::string waiting_;  // blanks that are printed only if text follows
  bool begun_;
};

class StageView {
 public:
  // `headings`: print names and numbers of the stages around the texts. `raw`: print the texts unchanged, for a file.
  StageView(std::ostream& out, AnyTokenizer tokenizer, bool headings, bool raw)
      : out_(&out), tokenizer_(std::move(tokenizer)), headings_(headings), raw_(raw), block_(out, indent(), raw) {}

  // A heading is printed at the first branch's second token: by then the other branches, if any, have begun.
  void token(int branch, const RequestInfo& request, int token) {
    several_ = several_ || branch != 0;
    if (branch != 0) return;
    text_ += tokenizer_.piece(token);
    if (++tokens_ < 2) return;
    open(request.stage_name, several_, 0);
    show(text_);
  }
  // Called when the stage has ended: prints the part of it that was not shown yet.
  void stage(const StageReport& report) {
    for (std::size_t b = 0; b < report.branches.size(); ++b) {
      open(report.name, report.branches.size() > 1, b);
      show(report.branches[b].text);
      block_.end();
      open_ = false;
    }
    text_.clear();
    tokens_ = 0;
    several_ = false;
    if (!headings_) return;
    *out_ << indent() << "-- " << report.generated_tokens << " tokens, " << fixed(report.prefill_s + report.decode_s, 2)
          << " s\n"
          << std::flush;
  }

 private:
  [[nodiscard]] std::string_view indent() const { return headings_ ? "  " : ""; }
  void open(std::string_view stage, bool several, std::size_t branch) {
    if (open_) return;
    if (headings_) {
      *out_ << shown(stage);
      // Branches are options or samples; of samples there may be more than letters.
      if (several && branch < max_options) *out_ << ' ' << option_letter(branch);
      if (several && branch >= max_options) *out_ << ' ' << branch + 1;
      *out_ << '\n';
    }
    block_ = TextBlock(*out_, indent(), raw_);
    shown_ = 0;
    open_ = true;
  }
  // Prints the new part of the branch's text.
  void show(std::string_view text) {
    if (text.size() <= shown_) return;
    block_.push(text.substr(shown_));
    shown_ = text.size();
  }

  std::ostream* out_;
  AnyTokenizer tokenizer_;
  bool headings_, raw_;
  TextBlock block_;
  bool open_ = false;      // whether a branch is being shown
  std::size_t shown_ = 0;  // bytes of its text shown
  std::string text_;       // of the first branch
  int tokens_ = 0;         // of the first branch
  bool several_ = false;
};

// The pipeline's observer: passes tokens to a view if there is one.
struct ViewObserver {
  static constexpr Stat stats = Stat::none;
  StageView* const* view = nullptr;  // points to the caller's pointer, which is null after the first question

  void sublayer(int, const RequestInfo&, const StepInfo&, Sublayer, const SublayerStats&) const {}
  void token(int branch, const RequestInfo& request, const StepInfo&, int token) const {
    if (view != nullptr && *view != nullptr) (*view)->token(branch, request, token);
  }
};

}  // namespace litestage::cli

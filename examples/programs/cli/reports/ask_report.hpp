// The messages of `ask` before each question and at the end of a run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <ostream>

#include "cli/files/results_file.hpp"
#include "cli/job.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/options/options.hpp"
#include "cli/reports/run_report.hpp"
#include "cli/terminal/answer_sheet.hpp"
#include "litestage/calibrate/plan/plan_facts.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/evaluate/results.hpp"
#include "litestage/prompt/option_letter.hpp"

namespace litestage::cli {

// The kernels that a job runs on, for its results file.
template <Backend B>
[[nodiscard]] calibrate::PlanKernels kernels_of(const LanguageModel<B>& model, const Job& job) {
  return calibrate::kernels_of(model.backend(), kv_type(job.options.kv));
}

inline void print_one_stage(std::ostream& out, const StageReport& stage) {
  out << stage.prompt_tokens << " prompt tokens in " << fixed(stage.prefill_s, 3) << " s, " << stage.generated_tokens
      << " generated in " << fixed(stage.decode_s, 3) << " s ("
      << fixed(stage.decode_s > 0 ? (stage.generated_tokens - 1) / stage.decode_s : 0, 1) << " tokens/s), ended by "
      << name(stage.branches[0].stop) << std::endl;
}

inline void print_question(std::ostream& out, const Question& q) {
  constexpr std::size_t longest = 4000;  // bytes of a text; a longer text would push the answer off the screen
  out << "Question " << shown(q.id) << ": " << shown(q.stem, longest) << '\n';
  for (const auto& [key, text] : q.fields) out << "  " << shown(key) << ": " << shown(text, longest) << '\n';
  for (std::size_t i = 0; i < q.options.size(); ++i) {
    out << "  (" << option_letter(i) << ") " << shown(q.options[i], longest) << '\n';
  }
  out << '\n' << std::flush;
}

// How many questions run at once.
[[nodiscard]] inline std::size_t side_by_side(const Job& job) {
  return std::min(job.options.batch, job.questions.list.size());
}

inline void print_report(const Job& job, const AnswerSheet& sheet, double clock_s) {
  const evaluate::Summary summary = evaluate::summarize(sheet.answers(), clock_s);
  print_stages(std::cout, summary, job.model.config().n_sublayers());
  std::cout << '\n';
  print_accuracy(std::cout, sheet);
  print_speed(std::cout, summary, side_by_side(job));
}

inline void print_next_steps(const Job& job, const AnswerSheet& sheet) {
  if (job.options.quiet || !job.options.json.empty() || !sheet.complete()) return;
  std::cout
      << "\nNext: --skip static:all=m12-m14 skips sub-layers, --exit low_confidence ends stages early, --stages "
         "direct is the\ncontrol that answers at once. --json FILE saves every answer, and `table FILE...` compares "
         "such files.\nA stronger model: --model \"$(examples/get_model.sh qwen2.5-coder-1.5b)\" "
         "--stages chat. All options: --help.\n";
}

// Prints and writes the results. It prints first, because writing the file may fail.
inline void conclude(const Job& job, const AnswerSheet& sheet, const calibrate::PlanKernels& kernels,
                     const Profile& profile, double wall_s) {
  if (sheet.done() == 0) return;
  const double clock_s = side_by_side(job) > 1 ? wall_s : 0;
  print_report(job, sheet, clock_s);
  if (job.options.profile) print_profile(std::cout << '\n', profile, wall_s);
  std::cout << std::flush;
  write_results(job, kernels, sheet.answering(), sheet.answers(), sheet.questions().size(), clock_s);
  if (!job.options.json.empty()) std::cout << "results           " << job.options.json << '\n';
  print_next_steps(job, sheet);
}

}  // namespace litestage::cli

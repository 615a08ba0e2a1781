// The report at the end of a run over questions.
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/terminal/answer_sheet.hpp"
#include "cli/terminal/progress.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/evaluate/results.hpp"
#include "litestage/evaluate/text_table.hpp"
#include "litestage/model/profile.hpp"

namespace litestage::cli {

[[nodiscard]] inline std::vector<std::string> stage_line(const evaluate::StageSummary& s) {
  const double seconds = s.prefill_s + s.decode_s;
  return {s.name,
          fixed(s.prompt_tokens, 1),
          fixed(s.generated_tokens, 1),
          fixed(s.sublayers_skipped, 1),
          fixed(s.sublayers_skipped_mean, 1),
          fixed(s.prefill_s, 3),
          fixed(s.decode_s, 3),
          fixed(seconds > 0 ? s.generated_tokens / seconds : 0, 1)};
}

inline void print_stages(std::ostream& out, const evaluate::Summary& summary, int n_sublayers) {
  evaluate::TextTable table({{"stage", evaluate::Align::left},
                             {"prompt tokens"},
                             {"generated tokens"},
                             {"skipped"},
                             {"skipped mean"},
                             {"prefill s"},
                             {"decode s"},
                             {"tokens/s"}});
  for (const evaluate::StageSummary& stage : summary.stages) table.add(stage_line(stage));
  table.print(out, evaluate::TableStyle::bare);
  out << "Means per question. Skipped: distinct skipped sub-layers of " << n_sublayers
      << ", and skipped sub-layers per token.\n";
}

[[nodiscard]] inline std::string percent(const evaluate::Proportion& p) {
  return concat(fixed(100 * p.value, 1), " % (", p.hits, " of ", p.trials, "; 95 % interval ", fixed(100 * p.low, 1),
                " to ", fixed(100 * p.high, 1), " %)");
}

inline void print_accuracy(std::ostream& out, const AnswerSheet& sheet) {
  const evaluate::WithoutRoom without_room = sheet.without_room();
  if (without_room.any()) out << "no room           " << without_room.sentence(sheet.done()) << '\n';
  const std::vector<Question> questions = sheet.answered_questions();
  const evaluate::MajorityClass majority = evaluate::majority_class(questions);
  if (majority.answer.empty()) {
    out << "accuracy          not known: these questions have no answer key\n";
    return;
  }
  if (sheet.by_letter()) out << "letter scoring    " << percent(sheet.accuracy(false)) << '\n';
  if (sheet.by_text()) {
    out << "from the text     " << percent(sheet.accuracy(true)) << "; no answer in " << sheet.silent() << '\n';
  }
  out << "without a model   ";
  if (const std::optional<double> chance = evaluate::chance(questions))
    out << fixed(100 * *chance, 1) << " % by chance, ";
  out << fixed(100 * majority.accuracy.value, 1) << " % by always saying " << shown(majority.answer.text) << '\n';
}

// `batch`: number of questions that ran at once; above 1 the summary's seconds are wall-clock time.
inline void print_speed(std::ostream& out, const evaluate::Summary& s, std::size_t batch) {
  out << "time              " << fixed(s.seconds, 1) << " s for " << s.questions
      << (s.questions == 1 ? " question: " : " questions: ") << fixed(s.seconds_per_question, 2) << " s/question, "
      << fixed(s.questions_per_minute, 1) << " questions/min\n"
      << "tokens            " << s.tokens << " generated: " << fixed(s.tokens_per_question, 1) << " tokens/question, "
      << fixed(s.tokens_per_s, 1) << " tokens/s\n";
  if (batch > 1) {
    out << "Up to " << batch
        << " questions ran in parallel: times of stages and answers overlap, but time and rates here "
        << "are wall-clock.\n";
  }
}

// Prints the shares of `wall_s`, the time of the run. Time outside all operations is the rest: policies, plans, tokens
// and texts.
inline void print_profile(std::ostream& out, const Profile& profile, double wall_s) {
  evaluate::TextTable table({{"operation", evaluate::Align::left}, {"calls"}, {"rows"}, {"seconds"}, {"%"}});
  double rest = wall_s;
  for (std::size_t i = 0; i < enum_names<Operation>.size(); ++i) {
    const Profile::Entry& e = profile.entries[i];
    rest -= e.seconds;
    table.add({std::string(enum_names<Operation>[i]), std::to_string(e.calls), std::to_string(e.rows),
               fixed(e.seconds, 3), fixed(wall_s > 0 ? 100 * e.seconds / wall_s : 0, 1)});
  }
  table.add({"all else", "", "", fixed(rest, 3), fixed(wall_s > 0 ? 100 * rest / wall_s : 0, 1)});
  table.print(out, evaluate::TableStyle::bare);
}

}  // namespace litestage::cli

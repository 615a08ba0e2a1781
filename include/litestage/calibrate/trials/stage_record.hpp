// What a journal keeps of a search: each stage that was generated. Read back, the same search walks over them as far as
// it had come, and goes on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/evaluate/context_use.hpp"
#include "litestage/evaluate/results_form.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::calibrate {

// Texts are bytes: a model that skips too much writes broken UTF-8, which JSON cannot hold and which later stages must
// see as it was. Each byte becomes the character of that number, so that ASCII stays readable.
[[nodiscard]] inline std::string bytes_as_characters(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) text += static_cast<char>(0xc0 | (byte >> 6));
    text += static_cast<char>(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
  }
  return text;
}
[[nodiscard]] inline std::string characters_as_bytes(std::string_view text, const std::string& where) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes += text[i];
      continue;
    }
    if ((lead != 0xc2 && lead != 0xc3) || i + 1 == text.size())
      throw Error(concat(where, ": text has a character beyond U+00FF, accepted are those that stand for bytes"));
    bytes += static_cast<char>((lead << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f));
  }
  return bytes;
}

// {"question": id, "stage": 0.., "decisions": ..., "before": hash, "report": {...}} or, for the letters' step,
// "letters"; then for which contexts it holds (evaluate/context_use.hpp).
[[nodiscard]] inline Form stage_record(const StageKey& key, const StageResult& result,
                                       std::span<const Question> questions) {
  Form f;
  f.add("question", questions[key.question].id).add("stage", key.stage).add("decisions", key.decisions);
  f.add("before", static_cast<std::int64_t>(key.before));
  if (result.letter_logits.empty()) {
    StageReport report = result.report;
    for (BranchReport& b : report.branches) b.text = bytes_as_characters(b.text);
    f.add("report", evaluate::to_form(report));
  } else {
    Form::List letters;
    for (const float logit : result.letter_logits) letters.push_back(write_float(logit));
    f.add("letters", std::move(letters));
  }
  evaluate::add_context_use(f, {result.positions, evaluate::filled_context(result.report)});
  return f;
}

// What a record says. `where` names the file and the line; `n_stages` is the schedule's.
[[nodiscard]] inline std::pair<StageKey, StageResult> stage_from_record(const Form& record, const std::string& where,
                                                                        std::span<const Question> questions,
                                                                        std::size_t n_stages) {
  const std::string& id = record.at("question", where).string(where + ": question");
  const auto question = std::find_if(questions.begin(), questions.end(), [&](const Question& q) { return q.id == id; });
  if (question == questions.end())
    throw Error(
        concat(where, ": question ", in_quotes(id), " is none of this search's ", questions.size(), " questions"));
  StageKey key;
  key.question = static_cast<std::size_t>(question - questions.begin());
  const std::int64_t stage = record.at("stage", where).integer(where + ": stage");
  if (stage < 0 || static_cast<std::size_t>(stage) > n_stages)
    throw Error(concat(where, ": stage is ", stage, ", accepted are 0 to ", n_stages));
  key.stage = static_cast<std::size_t>(stage);
  key.decisions = record.at("decisions", where).string(where + ": decisions");
  key.before = static_cast<std::uint64_t>(record.at("before", where).integer(where + ": before"));
  StageResult result;
  if (key.stage == n_stages) {
    for (const Form& logit : record.at("letters", where).list(where + ": letters"))
      result.letter_logits.push_back(static_cast<float>(logit.number(where + ": letters")));
    if (result.letter_logits.size() != question->options.size())
      throw Error(concat(where, ": letters has ", result.letter_logits.size(), " logits, accepted are ",
                         question->options.size(), ", one to each option of question ", in_quotes(id)));
  } else {
    result.report = evaluate::stage_report_from_form(record.at("report", where), where + ": report");
    for (BranchReport& b : result.report.branches) b.text = characters_as_bytes(b.text, where + ": report");
    if (result.report.branches.empty()) throw Error(concat(where, ": report has no branches, accepted is one or more"));
  }
  if (const Form* positions = record.find("positions"))
    result.positions = evaluate::detail::Reader::count(*positions, where + ": positions");
  return {std::move(key), std::move(result)};
}

// Puts what a record said into the memo.
inline void restore_stage(std::pair<StageKey, StageResult> stage, const std::string& where, StageMemo& memo) {
  if (memo.find(stage.first) != nullptr) throw Error(concat(where, ": the same stage was recorded before"));
  memo.add(std::move(stage.first), std::move(stage.second));
}

}  // namespace litestage::calibrate

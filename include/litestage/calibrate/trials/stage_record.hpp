// The journal records of a search, one for each generated stage. A search that reads them continues after these stages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/evaluate/context_use.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/settings/fields_form.hpp"

namespace litestage::calibrate {

// Encodes bytes as characters. A model that skips too much writes broken UTF-8, which JSON cannot hold and which later
// stages must see unchanged. Each byte becomes the character with its number, so that ASCII stays readable.
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
      throw Error(concat(where, ": found a character beyond U+00FF in a text, expected those that stand for bytes"));
    bytes += static_cast<char>((lead << 6) | (static_cast<unsigned char>(text[++i]) & 0x3f));
  }
  return bytes;
}

// One record: a stage of a question, or the option letters or right answers scored after the last stage.
struct StageRecord {
  static constexpr bool complete = true;
  std::string question;  // question id
  std::int64_t stage = 0;
  std::string decisions;
  std::int64_t before = 0;  // the bits of StageKey::before
  std::optional<StageReport> report;
  std::vector<float> letters;  // [options]
  std::vector<float> golds;    // [gold answers]
  evaluate::ContextUse use;

  static constexpr auto fields() {
    using R = StageRecord;
    return Fields(Field("question", &R::question, "id of the question"),
                  Field("stage", &R::stage, "position of the stage in the schedule", 0),
                  Field("decisions", &R::decisions, "decisions of the policies"),
                  Field("before", &R::before, "hash of the earlier stages' texts"),
                  Field("report", &R::report, "report of the stage").with(Presence::unless_default),
                  Field("letters", &R::letters, "logits of the option letters").with(Presence::unless_default),
                  Field("golds", &R::golds, "mean log-probabilities of the gold answers' tokens", -unbounded, 0)
                      .with(Presence::unless_default),
                  InlineField(&R::use));
  }
};

[[nodiscard]] inline Form stage_record(const StageKey& key, const StageResult& result,
                                       std::span<const Question> questions) {
  StageRecord record;
  record.question = questions[key.question].id;
  record.stage = static_cast<std::int64_t>(key.stage);
  record.decisions = key.decisions;
  record.before = static_cast<std::int64_t>(key.before);
  record.letters = result.letter_logits;
  record.golds = result.gold_scores;
  // Both kinds of scores follow the last stage; which it is, their keys say.
  if (!record.golds.empty()) --record.stage;
  if (result.letter_logits.empty() && result.gold_scores.empty()) {
    record.report = result.report;
    for (BranchReport& b : record.report->branches) b.text = bytes_as_characters(b.text);
  }
  record.use = {result.positions, evaluate::filled_context(result.report)};
  return write_fields(record);
}

namespace detail {

inline void check_scores(std::size_t found, std::string_view what, std::size_t expected, std::string_view of,
                         const Question& question, const Where& where) {
  if (found == expected) return;
  throw Error(concat(where.str(), ": found ", found, ' ', what, ", expected ", expected, ", one for each ", of,
                     " of question ", in_quotes(question.id)));
}

// Converts a record to the result of a stage, or to what was scored after the last stage.
[[nodiscard]] inline StageResult result_from(StageRecord record, Scored scored, const Question& question,
                                             const Where& where) {
  const std::string_view needed = scored == Scored::letters ? "letters" : scored == Scored::golds ? "golds" : "report";
  const bool there = scored == Scored::letters ? !record.letters.empty()
                     : scored == Scored::golds ? !record.golds.empty()
                                               : record.report.has_value();
  if (!there)
    throw Error(concat(where.str(), ": key ", in_quotes(needed), " is missing, expected ", key_list<StageRecord>()));
  const Where here = where.at(needed);
  StageResult result;
  result.positions = record.use.positions;
  if (scored == Scored::letters) {
    check_scores(record.letters.size(), "logits", question.options.size(), "option", question, here);
    result.letter_logits = std::move(record.letters);
    return result;
  }
  if (scored == Scored::golds) {
    check_scores(record.golds.size(), "scores", question.gold.size(), "gold answer", question, here);
    result.gold_scores = std::move(record.golds);
    return result;
  }
  result.report = *std::move(record.report);
  if (result.report.branches.empty())
    throw Error(concat(here.at("branches").str(), ": found an empty list, expected at least one branch"));
  for (BranchReport& b : result.report.branches) b.text = characters_as_bytes(b.text, here.str());
  return result;
}

}  // namespace detail

// The key and result of a record. `where` names the file and the line; `n_stages` is the length of the schedule.
[[nodiscard]] inline std::pair<StageKey, StageResult> stage_from_record(const Form& form, const std::string& where,
                                                                        std::span<const Question> questions,
                                                                        std::size_t n_stages) {
  auto record = read_fields<StageRecord>(form, where);
  const auto question =
      std::find_if(questions.begin(), questions.end(), [&](const Question& q) { return q.id == record.question; });
  if (question == questions.end())
    throw Error(concat(where, ": question ", in_quotes(record.question), " is none of this search's ", questions.size(),
                       " questions"));
  if (static_cast<std::size_t>(record.stage) > n_stages)
    throw Error(
        concat(Where(where).at("stage").str(), ": found ", record.stage, ", expected an integer from 0 to ", n_stages));
  StageKey key{.question = static_cast<std::size_t>(question - questions.begin()),
               .stage = static_cast<std::size_t>(record.stage),
               .decisions = record.decisions,
               .before = static_cast<std::uint64_t>(record.before)};
  Scored scored = Scored::nothing;
  if (key.stage == n_stages) scored = record.golds.empty() ? Scored::letters : Scored::golds;
  if (scored == Scored::golds) ++key.stage;
  return {std::move(key), detail::result_from(std::move(record), scored, *question, where)};
}

// Adds a result read from a record to the memo.
inline void restore_stage(std::pair<StageKey, StageResult> stage, const std::string& where, StageMemo& memo) {
  if (memo.find(stage.first) != nullptr) throw Error(concat(where, ": the same stage was recorded before"));
  memo.add(std::move(stage.first), std::move(stage.second));
}

}  // namespace litestage::calibrate

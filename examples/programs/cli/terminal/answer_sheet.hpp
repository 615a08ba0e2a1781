// The answers of a run as they arrive, read in the ways that the user requested.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/terminal/progress.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/evaluate/results.hpp"
#include "litestage/evaluate/without_room.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/read_answer.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::cli {

// If both ways are requested, results files hold the option letters; they also hold the texts.
class AnswerSheet {
 public:
  AnswerSheet(std::vector<Question> questions, const AnswerFormat& format, const std::string& metric)
      : questions_(std::move(questions)),
        entries_(questions_.size()),
        format_(format),
        letter_(metric != "extracted"),
        extracted_(metric != "letter") {}

  [[nodiscard]] const std::vector<Question>& questions() const { return questions_; }
  [[nodiscard]] std::size_t done() const { return done_; }
  [[nodiscard]] bool complete() const { return done_ == questions_.size(); }
  [[nodiscard]] bool by_letter() const { return letter_; }
  [[nodiscard]] bool by_text() const { return extracted_; }
  [[nodiscard]] std::string answering() const { return letter_ ? "letter" : "extracted"; }

  void add(std::size_t question, const QuestionReport& report) {
    const Question& q = questions_.at(question);
    Entry entry;
    if (letter_) entry.letter = tasks::scored_answer(report);
    if (extracted_) entry.extracted = tasks::extracted_answer(format_, report, q);
    entry.answer = evaluate::recorded_answer(q, letter_ ? entry.letter : entry.extracted, report);
    entries_.at(question) = std::move(entry);
    ++done_;
  }

  // The answers of all questions that ended.
  [[nodiscard]] std::vector<evaluate::RecordedAnswer> answers() const {
    std::vector<evaluate::RecordedAnswer> out;
    for (const std::optional<Entry>& e : entries_) {
      if (e) out.push_back(e->answer);
    }
    return out;
  }
  [[nodiscard]] std::vector<Question> answered_questions() const {
    std::vector<Question> out;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i]) out.push_back(questions_[i]);
    }
    return out;
  }
  [[nodiscard]] evaluate::Proportion accuracy(bool by_text) const {
    std::vector<Answer> predicted;
    std::vector<Gold> gold;
    collect(by_text, predicted, gold);
    return evaluate::accuracy(predicted, gold);
  }
  // Number of questions whose text gave no answer.
  [[nodiscard]] std::size_t silent() const {
    std::size_t n = 0;
    for (const std::optional<Entry>& e : entries_) n += e && e->extracted.empty() ? 1 : 0;
    return n;
  }
  [[nodiscard]] evaluate::WithoutRoom without_room() const {
    evaluate::WithoutRoom list;
    for (const std::optional<Entry>& e : entries_) {
      if (e && e->answer.no_room) list.add(e->answer.id, *e->answer.no_room);
    }
    return list;
  }
  // The accuracy so far, e.g. "accuracy 31.2 %"; empty if there is none yet.
  [[nodiscard]] std::string note() const {
    const evaluate::Proportion p = accuracy(!letter_);
    return p.trials == 0 ? std::string() : concat("accuracy ", fixed(100 * p.value, 1), " %");
  }
  // Example: "letter scoring B, text no answer, right is B".
  [[nodiscard]] std::string verdict(std::size_t question) const {
    const Entry& e = *entries_.at(question);
    if (e.answer.no_room) return concat("none, ", sentence(*e.answer.no_room));
    std::string text;
    if (letter_) text += "letter scoring " + shown(said(e.letter));
    if (extracted_) text += concat(letter_ ? ", from the text " : "from the text ", shown(said(e.extracted)));
    std::string right;
    for (const Answer& answer : e.answer.gold) right += concat(right.empty() ? "" : " or ", shown(answer.text));
    if (!right.empty()) text += ", right is " + right;
    return text;
  }

 private:
  struct Entry {
    evaluate::RecordedAnswer answer;
    Answer letter, extracted;
  };

  void collect(bool by_text, std::vector<Answer>& predicted, std::vector<Gold>& gold) const {
    for (const std::optional<Entry>& e : entries_) {
      if (!e) continue;
      predicted.push_back(by_text ? e->extracted : e->letter);
      gold.push_back(e->answer.gold);
    }
  }

  std::vector<Question> questions_;
  std::vector<std::optional<Entry>> entries_;  // [questions]
  AnswerFormat format_;
  bool letter_, extracted_;
  std::size_t done_ = 0;
};

}  // namespace litestage::cli

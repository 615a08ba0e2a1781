// The words by which an English text states or rejects an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace litestage::tasks {

// Kinds of words, as bits; a word may have several kinds.
enum class WordKind : std::uint16_t {
  none = 0,
  answer = 1 << 0,      // "the answer is B", "answer: B"
  option = 1 << 1,      // "option B"; states an answer if the option is called right
  quality = 1 << 2,     // calls an option the right one
  wrong = 1 << 3,       // calls an option wrong
  verb = 1 << 4,        // between the answer and its value
  filler = 1 << 5,      // may stand between the verb and the option
  connective = 1 << 6,  // may stand between the answer and the verb
  negation = 1 << 7,
  choosing = 1 << 8,    // "I choose B"
  concluding = 1 << 9,  // "Therefore, B.", "I think B."
  joining = 1 << 10,    // "A or B"
  following = 1 << 11,  // may follow the letter A, and never follows the article
  against = 1 << 12,    // before an option: rejects it
  contrast = 1 << 13,   // "not A but B"
  pronoun = 1 << 14,    // "it is B"
  item = 1 << 15        // "the correct one is B"; unlike `option`, because "one B" does not name B
};
[[nodiscard]] constexpr WordKind operator|(WordKind a, WordKind b) {
  return static_cast<WordKind>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr bool overlap(WordKind a, WordKind b) {
  return (static_cast<unsigned>(a) & static_cast<unsigned>(b)) != 0;
}

namespace detail {

struct WordsOfKind {
  WordKind kind;
  std::string_view words;  // separated by single spaces
};

inline constexpr WordsOfKind vocabulary[] = {
    {WordKind::answer, "answer solution ans"},
    {WordKind::option, "option choice alternative letter selection"},
    {WordKind::quality,
     "correct best right likely appropriate suitable plausible reasonable logical accurate final chosen selected "
     "my our better most"},
    {WordKind::wrong,
     "wrong incorrect false unlikely worst bad invalid impossible inappropriate inaccurate irrelevant"},
    {WordKind::verb, "is was are be would should must will seems appears remains becomes it's that's"},
    {WordKind::filler,
     "the a an is be been to it would should must will seem appear most more very likely probably clearly "
     "definitely certainly obviously actually therefore thus hence indeed then so simply just rather instead "
     "correct best right final option choice alternative letter answer my our labeled labelled marked called with "
     "for"},
    {WordKind::connective,
     "to this that the of for question questions problem above here given asked based on therefore thus then hence "
     "so in case your option choice letter i we believe think choose would"},
    {WordKind::negation,
     "not no none never neither nor cannot can't isn't wasn't aren't won't wouldn't shouldn't couldn't doesn't "
     "don't didn't hasn't"},
    {WordKind::choosing, "choose chose choosing pick picked picking select selected selecting go going opt opting"},
    {WordKind::concluding, "therefore thus hence so finally conclusion think believe say guess"},
    {WordKind::joining, "and or nor"},
    {WordKind::following,
     "because since as is was are and or but for due in on at to of by from with not which seems would should must "
     "will isn't can can't cannot"},
    {WordKind::against,
     "rule ruled ruling eliminate eliminated eliminates eliminating exclude excluded excludes excluding reject "
     "rejected rejects rejecting discard discarded dismiss dismissed unlike than over without except"},
    {WordKind::contrast, "but rather instead"},
    {WordKind::pronoun, "it it's"},
    {WordKind::item, "one statement item word term example guess pick conclusion"},
};

}  // namespace detail

// The kinds of `word`, which is in lower case.
[[nodiscard]] inline WordKind kind_of(std::string_view word) {
  static const auto kinds = [] {
    std::unordered_map<std::string_view, WordKind> map;
    for (const auto& [kind, words] : detail::vocabulary) {
      for (std::size_t begin = 0; begin < words.size();) {
        const std::size_t end = words.find(' ', begin);
        WordKind& known =
            map.emplace(words.substr(begin, end == std::string_view::npos ? end : end - begin), WordKind::none)
                .first->second;
        known = known | kind;
        begin = end == std::string_view::npos ? words.size() : end + 1;
      }
    }
    return map;
  }();
  const auto found = kinds.find(word);
  return found == kinds.end() ? WordKind::none : found->second;
}

}  // namespace litestage::tasks

// Precedence among the statements of a text, and that any text can be read.
#include "litestage/tasks/reading/stated_answer.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "tasks/reading/stated_answer_cases.hpp"

using namespace litestage;
using test::check_readings;
using test::places;
using test::reading;

TEST_CASE("reading: a letter that the text begins with, or an option's words alone") {
  check_readings(places, {
                             {"B", 'B'},
                             {"B.", 'B'},
                             {" B) Desert", 'B'},
                             {"B: Desert", 'B'},
                             {"(B) Desert", 'B'},
                             {"(b)", 'B'},
                             {"B. Desert\n\nOption A is too wet.", 'B'},
                             {"(B) Desert. Option (A) and option (C) do not fit.", 'B'},
                             {"A. Beach\nB. Desert\nC. Carbon\nD. Alps", '-'},
                             {"(A) Beach (B) Desert (C) Carbon (D) Alps", '-'},
                             {"A. Beach is wet.\nB. Desert is dry.\nSo B.", 'B'},
                             {"(A) is not the answer.", '-'},
                             {"A beach is wet.", '-'},
                             {"E", '-'},
                             {"A or B", '-'},
                             {"Desert", 'B'},
                             {"The desert.", 'B'},
                             {"Desert\n\nIt is dry there, unlike at a beach.", 'B'},
                             {"Deserts are dry.", '-'},
                             {"Desert or beach", '-'},
                             {"", '-'},
                             {" \n\t", '-'},
                             {"I do not know.", '-'},
                             {"None of the above.", '-'},
                         });
  check_readings({"yes", "no"}, {{"Yes.", 'A'}, {"no", 'B'}, {"No one knows.", '-'}, {"(B) no\nIt is dry.", 'B'}});
  const std::vector<std::string> sayings = {"It melts", "It does not melt"};
  check_readings(sayings, {{"(B) It does not melt.", 'B'},
                           {"B. It does not melt, since it is a rock.", 'B'},
                           {"I like option (B) It does not melt", 'B'},
                           {"It does not melt", 'B'},
                           {"The answer is that it does not melt.", 'B'},
                           {"Option (B) It does not melt is not right.", '-'}});
}

TEST_CASE("reading: mentions count if those that are not rejected are of one option") {
  check_readings(places, {
                             {"I would say option (B) since it is dry", 'B'},
                             {"option b", 'B'},
                             {"Option (Desert)", 'B'},
                             {"The camel lives there (B).", 'B'},
                             {"The answer could be (B).", 'B'},
                             {"Option B, as I said: option (B).", 'B'},
                             {"Option A is hot. Option B is dry.", '-'},
                             {"Option A is wrong. Option B fits.", 'B'},
                             {"Option A: incorrect.\nOption B: correct.", 'B'},
                             {"Option A does not fit, option B does.", 'B'},
                             {"option (D), not option (A)", 'D'},
                             {"Not option A. Option B.", 'B'},
                             {"I rule out option (A), option (C) and option (D), which leaves option (B).", 'B'},
                             {"I rule out option (A) and option (C). Option (B) fits.", 'B'},
                             {"Option B is dry, unlike option A.", 'B'},
                             {"option (X), no, option (D", 'D'},
                             {"Which option(s) fit?", '-'},
                             {"Each option Can be weighed.", '-'},
                             {"An optional B.", '-'},
                             {"Vitamin C helps.", '-'},
                         });
}

TEST_CASE("reading: whatever the letter, in every frame") {
  const std::vector<std::string> frames = {
      "The answer is option (@).",
      "The answer is option @.",
      "The answer is @.",
      "The answer is (@)",
      "the answer is **@**",
      "So the correct option is @.",
      "Answer: @",
      "**Answer:** (@)",
      "Final answer: \\boxed{@}",
      "The best answer to the question is option (@) since the others are wrong.",
      "I choose option (@).",
      "Therefore, option @.",
      "Option @ is the correct answer.",
      "Option (@) is the most likely answer to the question.",
      "It is option (@).",
      "@",
      "@.",
      "@) because",
      "(@) because",
      "`@`",
      "option @",
      "I rule out option (#). The answer is option (@).",
      "The answer is not # but @.",
      "The answer is (#). No: the answer is (@).",
      "The answer is @, not #.",
  };
  for (int n : {2, 4, 8, 26}) {
    std::vector<std::string> options;
    for (int i = 0; i < n; ++i) options.push_back(concat("thing ", i));
    for (int i = 0; i < 26; ++i) {
      for (const std::string& frame : frames) {
        std::string text = frame;
        for (char& c : text) {
          if (c == '@') c = static_cast<char>('A' + i);
          if (c == '#') c = i == 0 ? 'B' : 'A';
        }
        CAPTURE(n);
        CAPTURE(text);
        CHECK(reading(text, options) == (i < n ? 'A' + i : '-'));
      }
    }
  }
}

TEST_CASE("reading: the words of any option, in every frame") {
  const std::vector<std::string> options = {"a nail", "the far north", "ice", "dry ice", "It rains, then it snows."};
  const std::vector<std::string> frames = {"The answer is @", "The answer is option (@)", "Answer: **@**",
                                           "I choose @",      "@ is the best answer",     "@"};
  for (std::size_t i = 0; i < options.size(); ++i) {
    for (std::string text : frames) {
      text.replace(text.find('@'), 1, options[i]);
      CAPTURE(text);
      CHECK(reading(text, options) == static_cast<char>('A' + i));
    }
  }
}

TEST_CASE("reading: random texts name no letter beyond the options") {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {
      "the answer is ", "option ", "(",    ")",   "A",  "B",        "C",        "d",      "a ",   "X",  ". ",
      "not ",           "but ",    "or ",  "\n",  "**", "\\boxed{", "}",        "Desert", "the ", ", ", "is ",
      "correct ",       "\u201C",  "\xE2", "it ", ": ", "wrong ",   "rule out "};
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    const int n_pieces = static_cast<int>(random() % 14);
    for (int i = 0; i < n_pieces; ++i) {
      if (random() % 4 == 0)
        text += static_cast<char>(random() % 256);
      else
        text += pieces[random() % pieces.size()];
    }
    for (std::size_t n : {0u, 1u, 2u, 4u}) {
      const std::vector<std::string> options(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(n));
      const int option = tasks::stated_answer(text, options, round % 2 == 0 ? "So the answer is option" : "");
      CAPTURE(text);
      CHECK(option >= no_answer);
      CHECK(option < static_cast<int>(n));
    }
  }
}

// Each of these would take hours if a search went to the end of the text at every word.
TEST_CASE("reading: long texts made of what a search starts at") {
  for (const char* const piece : {"a",
                                  "answer ",
                                  "the answer is ",
                                  "is the correct ",
                                  "option ",
                                  "option a is the ",
                                  "(a) not ",
                                  "choose the ",
                                  "**",
                                  "*a*",
                                  "<b>",
                                  "\\a",
                                  "\\a{",
                                  "A ",
                                  "A, ",
                                  "A and ",
                                  "it is ",
                                  "not but ",
                                  "therefore option ",
                                  "Desert the ",
                                  "(",
                                  "\n",
                                  "\xE2\x80",
                                  "...",
                                  "-",
                                  "option (B) the is ",
                                  "answer is not it ",
                                  "\u6C99",
                                  "_a",
                                  "1/1",
                                  "'"}) {
    std::string text;
    while (text.size() < 200'000) text += piece;
    CAPTURE(piece);
    const int option = tasks::stated_answer(text, places);
    CHECK(option >= no_answer);
    CHECK(option < 4);
    CHECK(reading(text + "\nSo the answer is option (B).", places) == 'B');
  }
}

// Texts that count as a statement of the answer, and the option that they state.
#include "litestage/tasks/reading/answer_statements.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tasks/reading/stated_answer_cases.hpp"

using namespace litestage;
using test::check_readings;
using test::places;

TEST_CASE("statements: a letter in any dress, which ends where its word ends") {
  check_readings(places, {
                             {"The answer is option (B).", 'B'},
                             {"The answer is option B.", 'B'},
                             {"The answer is option B", 'B'},
                             {"The answer is (B).", 'B'},
                             {"The answer is B.", 'B'},
                             {"The answer is: B", 'B'},
                             {"The answer is [B].", 'B'},
                             {"The answer is {B}.", 'B'},
                             {"The answer is \"B\".", 'B'},
                             {"The answer is 'B'.", 'B'},
                             {"The answer is ((B)).", 'B'},
                             {"The answer is option(B).", 'B'},
                             {"The answer is option (B", 'B'},
                             {"The answer is option B)", 'B'},
                             {"The answer is option (B): Desert.", 'B'},
                             {"The answer is option (B) Desert.", 'B'},
                             {"The answer is option B, Desert.", 'B'},
                             {"The answer is B - Desert", 'B'},
                             {"The answer is B.Desert", 'B'},
                             {"The answer is (B Desert)", 'B'},
                             {"The answer is option (BC).", '-'},
                             {"The answer is option BC.", '-'},
                             {"The answer is option (B2).", '-'},
                             {"The answer is option Both.", '-'},
                             {"The answer is B-roll footage.", '-'},
                             {"The answer is C++.", '-'},
                             {"The answer is C#.", '-'},
                             {"The answer is A.M. and not P.M.", '-'},
                             {"The answer is option (X).", '-'},
                             {"The answer is option (E).", '-'},
                             {"The answer is option (", '-'},
                             {"The answer is option", '-'},
                             {"The answer is", '-'},
                         });
}

TEST_CASE("statements: marks are looked through") {
  check_readings(places, {
                             {"The answer is option **B**.", 'B'},
                             {"The answer is **option (B)**.", 'B'},
                             {"The answer is *B*.", 'B'},
                             {"The answer is `B`.", 'B'},
                             {"The answer is __B__.", 'B'},
                             {"**Answer:** B", 'B'},
                             {"**Answer: B**", 'B'},
                             {"**The answer is B.**", 'B'},
                             {"**B. Desert**", 'B'},
                             {"### Answer\n\n**(B) Desert**", 'B'},
                             {"The answer is $\\boxed{B}$.", 'B'},
                             {"The answer is \\(\\boxed{\\text{B}}\\).", 'B'},
                             {"\\boxed{B}", 'B'},
                             {"\\[ \\boxed{\\textbf{(B)}} \\]", 'B'},
                             {"Final answer: \\text{B}", 'B'},
                             {"The answer is <b>B</b>.", 'B'},
                             {"<answer>B</answer>", 'B'},
                             {"The answer is **Desert**.", 'B'},
                             {"The answer is **b**.", 'B'},
                             {"The answer is the **B**each.", 'A'},
                             {"The answer is **BC**.", '-'},
                         });
}

TEST_CASE("statements: letters of other scripts and typographic signs around it") {
  check_readings(places, {
                             {"The answer is option \u201CB\u201D.", 'B'},
                             {"The answer is \uFF08B\uFF09\u3002", 'B'},
                             {"Answer\uFF1AB", 'B'},
                             {"Answer \u2192 B", 'B'},
                             {"The answer is\u00A0(B).", 'B'},
                             {"The answer is \u200BB.", 'B'},
                             {"The answer is B\u2014the desert.", 'B'},
                             {"\u7B54\u6848\uFF1AThe answer is B\u3002", 'B'},
                             {"\u2705 The answer is B \U0001F389", 'B'},
                             {"The answer is \uFF22.", 'B'},
                             {"The answer is B\u00E4r.", '-'},
                             {"The answer is \u00E4B.", '-'},
                             {"The answer is B\xE2\x80", 'B'},
                             {"\xFF\xC0The answer is B\x80.", 'B'},
                             {std::string("The answer is\0(B)", 17), 'B'},
                         });
}

TEST_CASE("statements: small letters, and the article") {
  check_readings(places, {
                             {"The answer is option (b).", 'B'},
                             {"The answer is (b).", 'B'},
                             {"The answer is option b.", 'B'},
                             {"the answer is option b because it is dry", 'B'},
                             {"answer: b", 'B'},
                             {"The answer is option a.", 'A'},
                             {"The answer is option a", 'A'},
                             {"The answer is (a).", 'A'},
                             {"answer: a.", 'A'},
                             {"The answer is a", '-'},
                             {"The answer is a matter of taste.", '-'},
                             {"The answer is a, well, hot rock.", '-'},
                             {"There is an option a reader may like.", '-'},
                             {"The answer is A.", 'A'},
                             {"The answer is A", 'A'},
                             {"The answer is A because sand is wet there.", 'A'},
                             {"The answer is A in this case.", 'A'},
                             {"The answer is Option A", 'A'},
                             {"The answer is option A rock", 'A'},
                             {"The answer is A rock.", '-'},
                             {"Answer: A rock is hard.", '-'},
                             {"The answer is A beach.", 'A'},
                             {"The answer is A desert.", 'B'},
                             {"Answer: A desert", 'B'},
                             {"The answer is option A desert", 'B'},
                             {"The answer is x.", '-'},
                         });
  const std::vector<std::string> nine = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"};
  check_readings(nine, {
                           {"The answer is I.", 'I'},
                           {"The answer is option (I).", 'I'},
                           {"The answer is option (i).", 'I'},
                           {"The answer is I think B.", 'B'},
                           {"The answer is I am not sure.", '-'},
                           {"This is the option I like.", '-'},
                           {"The answer is one I'm sure of.", '-'},
                       });
}

TEST_CASE("statements: the ways of stating an answer") {
  check_readings(places, {
                             {"So the correct option is B.", 'B'},
                             {"The correct answer is (B) Desert.", 'B'},
                             {"The best answer to the question is (B) Desert.", 'B'},
                             {"The best answer to the question \"What is dry?\" is (B).", 'B'},
                             {"Not option A. The answer to \"Is a beach dry? \" is B.", 'B'},
                             {"The option that best answers the question is (B).", 'B'},
                             {"The correct answer, based on the key fact, is option B.", 'B'},
                             {"The most likely choice would be B.", 'B'},
                             {"The correct one is B.", 'B'},
                             {"My choice is B", 'B'},
                             {"The answer should therefore be option B.", 'B'},
                             {"The answer is most likely (B).", 'B'},
                             {"The answer is definitely B", 'B'},
                             {"The answer is\n\n(B)", 'B'},
                             {"The answer is ... B", 'B'},
                             {"Answer: B", 'B'},
                             {"Answer = B", 'B'},
                             {"ANSWER: B", 'B'},
                             {"Correct answer: (B) Desert", 'B'},
                             {"Answer:\nB", 'B'},
                             {"Best option: B", 'B'},
                             {"I choose (B).", 'B'},
                             {"I would choose option B over option A.", 'B'},
                             {"I'd go with B.", 'B'},
                             {"I pick option (B) because it is dry.", 'B'},
                             {"It is option B.", 'B'},
                             {"It's (B).", 'B'},
                             {"Therefore, B.", 'B'},
                             {"So option (B)", 'B'},
                             {"In conclusion, (B)", 'B'},
                             {"I think B.", 'B'},
                             {"I think B and I think A is wrong.", '-'},
                             {"Option (B) is the best answer.", 'B'},
                             {"Based on the analysis, option (B) is the most likely answer to the question.", 'B'},
                             {"B is correct.", 'B'},
                             {"(B) Desert is the correct option.", 'B'},
                             {"Option B is the best because it is not wet.", 'B'},
                             {"Desert is the best answer.", 'B'},
                             {"Each option Can be weighed, but option (B) is right", 'B'},
                             {"Which option is the best answer? Option A is wet. The answer is B.", 'B'},
                             {"Option B is the best conductor of heat, option C the worst.", '-'},
                             {"The wrong answer is B.", '-'},
                             {"The answer depends on the season.", '-'},
                             {"Is option B correct or option C?", '-'},
                         });
}

TEST_CASE("statements: an option's own words") {
  check_readings(places, {
                             {"The answer is option (Desert).", 'B'},
                             {"The answer is option Desert.", 'B'},
                             {"The answer is the desert.", 'B'},
                             {"The answer is DESERT", 'B'},
                             {"The answer is a desert.", 'B'},
                             {"The answer is the hot, dry desert.", 'B'},
                             {"The answer is that it lives in the desert.", 'B'},
                             {"The answer is the desert, because a beach is wet.", 'B'},
                             {"Answer: Desert", 'B'},
                             {"Answer: it lives in the desert", 'B'},
                             {"I choose the desert.", 'B'},
                             {"The answer is Desert (B).", 'B'},
                             {"The answer is Beach (B).", 'B'},
                             {"The answer is (B) Beach.", 'B'},
                             {"The answer is deserted.", '-'},
                             {"The answer is desert-like.", '-'},
                             {"The answer is where the beach meets the desert.", '-'},
                             {"The answer is hotter than a desert.", '-'},
                             {"The answer is wet. A desert is dry.", '-'},
                         });
  check_readings({"ice", "an ice cube", "water", "ice cube tray"}, {
                                                                       {"The answer is ice.", 'A'},
                                                                       {"The answer is the ice cube.", 'B'},
                                                                       {"The answer is ice cube", 'B'},
                                                                       {"The answer is an ice cube tray.", 'D'},
                                                                       {"The answer is a melting ice cube.", 'B'},
                                                                       {"The answer is ice-cream.", '-'},
                                                                       {"The answer is that ice is water.", '-'},
                                                                       {"The answer is A ice.", 'A'},
                                                                   });
  check_readings({"ice cube", "cube"}, {{"The answer is a melting ice cube.", 'A'}, {"The answer is this cube.", 'B'}});
  check_readings({"big ice", "ice cube", "x"}, {{"The answer is this big ice cube.", '-'}});
  check_readings({"a rock", "The rock", "sand"}, {{"The answer is a rock.", '-'}, {"The answer is sand.", 'C'}});
  check_readings({"5", "15", "1.5", "-5", "1/5"}, {
                                                      {"The answer is 5.", 'A'},
                                                      {"The answer is 15.", 'B'},
                                                      {"The answer is 1.5.", 'C'},
                                                      {"The answer is -5.", 'D'},
                                                      {"The answer is 1/5.", 'E'},
                                                      {"The answer is 2.5.", '-'},
                                                  });
  check_readings({"vitamin B", "vitamin A", "vitamin C"}, {
                                                              {"The answer is vitamin A.", 'B'},
                                                              {"Vitamin A is the best answer.", 'B'},
                                                              {"The answer is option (A), vitamin B.", 'A'},
                                                          });
  check_readings({"yes", "no"}, {
                                    {"The answer is no.", 'B'},
                                    {"The answer is yes.", 'A'},
                                    {"The answer is not clear.", '-'},
                                    {"The answer is option (B).", 'B'},
                                });
  check_readings({"b", "a", "B"}, {{"The answer is A.", 'A'}, {"The answer is (c).", 'C'}});
  check_readings({"\u6C99\u6F20", "\u6D77", "caf\u00E9", "?"}, {
                                                                   {"The answer is \u6C99\u6F20\u3002", 'A'},
                                                                   {"The answer is \u6D77.", 'B'},
                                                                   {"The answer is caf\u00E9.", 'C'},
                                                                   {"The answer is cafe.", '-'},
                                                                   {"The answer is ?", '-'},
                                                               });
}

TEST_CASE("statements: denied, several, or changed") {
  check_readings(places, {
                             {"The answer is not A but B.", 'B'},
                             {"The answer is not (A), it is (B).", 'B'},
                             {"The correct answer is not A. It's B.", 'B'},
                             {"The answer is not option (A) but rather option (B).", 'B'},
                             {"The answer isn't option A.", '-'},
                             {"The answer is not (A).", '-'},
                             {"The answer is not the beach.", '-'},
                             {"The answer cannot be (A).", '-'},
                             {"I would not choose option A.", '-'},
                             {"Option B is not correct.", '-'},
                             {"Option B is incorrect.", '-'},
                             {"(A) is not the answer, (B) is the answer.", 'B'},
                             {"The answer is (B), not (A).", 'B'},
                             {"The answer is B because (A) is wrong and (C) is not the best answer.", 'B'},
                             {"The answer is A or B.", '-'},
                             {"The answer is A and B.", '-'},
                             {"The answer is A/B.", '-'},
                             {"The answer is option A, B or C.", '-'},
                             {"The answer is A, B, and C.", '-'},
                             {"A and C are correct.", '-'},
                             {"Choose A or B.", '-'},
                             {"The answer is B and A is wrong.", 'B'},
                             {"The answer is B, A is wrong.", 'B'},
                             {"I rule out option (A). The answer is option (B).", 'B'},
                             {"The answer is A. Wait, the answer is B.", 'B'},
                             {"The answer is option B. So the answer is option C.", 'C'},
                             {"Answer: A\n\nOn second thought, option (B) is the correct answer.", 'B'},
                             {"The answer is B. Option A is wet.", 'B'},
                             {"The answer is B. The answer is a matter of taste.", 'B'},
                             {"The answer is B. The answer is option (", 'B'},
                             {"The answer is B. The answer is option (X).", '-'},
                             {"The answer is X. The answer is option (B).", 'B'},
                             {"I think the answer is B, but it could be A.", 'B'},
                         });
}

TEST_CASE("statements: a text that goes on with the sentence of its prompt") {
  const std::string opening = "So the answer is option";
  check_readings(places,
                 {
                     {" B", 'B'},
                     {" B.", 'B'},
                     {"B.", 'B'},
                     {" (C) because", 'C'},
                     {" b", 'B'},
                     {" **B**", 'B'},
                     {": B", 'B'},
                     {" A beach", 'A'},
                     {" A desert", 'B'},
                     {" A rock", 'A'},
                     {" Desert.", 'B'},
                     {" (Desert)", 'B'},
                     {" D. So the answer is option A.", 'D'},
                     {" that fits. The answer is B.", 'B'},
                     {" None", '-'},
                     {" E", '-'},
                     {" E. The answer is B.", '-'},
                     {" BC", '-'},
                     {"", '-'},
                 },
                 opening);
}

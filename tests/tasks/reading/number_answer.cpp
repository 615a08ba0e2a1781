#include "litestage/tasks/reading/number_answer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tasks/reading/kind_cases.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr AnswerKind number_kind = AnswerKind::number;

}  // namespace

TEST_CASE("numbers: the digits and what is written around them") {
  check_answers(number_kind, anywhere,
                {{"18", "18"},
                 {"18.", "18"},
                 {"18!", "18"},
                 {"18...", "18"},
                 {" 18 \n", "18"},
                 {"0", "0"},
                 {"007", "7"},
                 {"-3", "-3"},
                 {"+3", "3"},
                 {"\u22123", "-3"},
                 {"\u20133", "-3"},
                 {"-0", "0"},
                 {"(18)", "18"},
                 {"\"18\"", "18"},
                 {"'18'", "18"},
                 {"[18]", "18"},
                 {"$18", "18"},
                 {"$ 18", "18"},
                 {"-$5", "-5"},
                 {"$-5", "-5"},
                 {"\u20AC20", "20"},
                 {"20 \u20AC", "20"},
                 {"\u00A37.50", "15/2"},
                 {"$1,080.00.", "1080"},
                 {"1,234", "1234"},
                 {"192,000,000", "192000000"},
                 {"70000", "70000"},
                 {"70,000 dollars", "70000"},
                 {"1\u202F080", "1080"},
                 {"0.5", "1/2"},
                 {".5", "1/2"},
                 {"$.50", "1/2"},
                 {"3.50", "7/2"},
                 {"18.00", "18"},
                 {"-2.25", "-9/4"},
                 {"3.3333333333333333", "33333333333333333/10000000000000000"},
                 {"50%", "50%"},
                 {"50 %", "50%"},
                 {"50 percent", "50%"},
                 {"50 per cent", "50%"},
                 {"12.5%.", "25/2%"},
                 {"3/4", "3/4"},
                 {"6/8", "3/4"},
                 {"12/4", "3"},
                 {"2 1/2 cups", "5/2"},
                 {"-1/2", "-1/2"},
                 {"\u00BD", "1/2"},
                 {"2\u00BD hours", "5/2"},
                 {"\u00BE", "3/4"},
                 {"2 million", "2000000"},
                 {"$1.5 million", "1500000"},
                 {"3 hundred", "300"},
                 {"$80k", "80000"},
                 {"$2M", "2000000"},
                 {"negative 7", "-7"},
                 {"the result is minus 7", "-7"}});
}

TEST_CASE("numbers: units behind them, glued or apart") {
  check_answers(number_kind, anywhere,
                {{"9eggs", "9"},
                 {"9 eggs", "9"},
                 {"5kg", "5"},
                 {"5 km/h", "5"},
                 {"$5/hour", "5"},
                 {"$2 per egg", "2"},
                 {"18 dollars a day", "18"},
                 {"a 3-digit code", "3"},
                 {"90\u00B0", "90"},
                 {"90^{\\circ}", "90"},
                 {"12 years old.", "12"},
                 {"20 m^2", "20"},
                 {"20 \\text{ cm}^2", "20"},
                 {"20 square feet", "20"},
                 {"5'", "5"},
                 {"7, as computed", "7"},
                 {"It costs 7 because of the tax", "7"}});
}

TEST_CASE("numbers: marks of Markdown, LaTeX and data sets") {
  check_answers(number_kind, anywhere,
                {{"**18**", "18"},
                 {"**$18**", "18"},
                 {"*18*", "18"},
                 {"__18__", "18"},
                 {"`18`", "18"},
                 {"### 18", "18"},
                 {"#### 18", "18"},
                 {"\\boxed{18}", "18"},
                 {"\\boxed{ 18 }.", "18"},
                 {"$\\boxed{18}$", "18"},
                 {"\\[ \\boxed{18} \\]", "18"},
                 {"\\boxed{\\$18}", "18"},
                 {"\\boxed{\\text{18}}", "18"},
                 {"\\boxed{18 \\text{ eggs}}", "18"},
                 {"\\boxed{\\textbf{18}}", "18"},
                 {"\\boxed{1{,}080}", "1080"},
                 {"\\boxed{1\\,080}", "1080"},
                 {"\\boxed{50\\%}", "50%"},
                 {"\\boxed{\\frac{3}{4}}", "3/4"},
                 {"\\boxed{\\dfrac{3}{4}}", "3/4"},
                 {"\\boxed{\\frac34}", "3/4"},
                 {"\\boxed{2\\frac{1}{2}}", "5/2"},
                 {"\\boxed{-\\frac{1}{2}}", "-1/2"},
                 {"\\boxed{x = 18}", "18"},
                 {"\\boxed{16-3-4=9}", "9"},
                 {"\\boxed{18", "18"},
                 {"\\(18\\)", "18"},
                 {"$$18$$", "18"},
                 {"\\$18", "18"},
                 {"<b>18</b>", "18"},
                 {"<<16-3-4=9>>9", "9"},
                 {"16 - 3 - 4 = <<16-3-4=9>>9 duck eggs", "9"},
                 {"{\"answer\": 18}", "18"},
                 {"| total | 18 |", "18"}});
}

TEST_CASE("numbers: the last box counts, and comes before everything else") {
  check_answers(number_kind, after_words,
                {{"\\boxed{17} is wrong, \\boxed{18} is right.", "18"},
                 {"\\boxed{18}. The answer is 20.", "18"},
                 {"The answer is 20. \\boxed{18}", "18"},
                 {"\\boxed{} The answer is 20.", "20"},
                 {"\\boxed{\\text{none}} The answer is 20.", "20"},
                 {"\\boxed{18 \\text{ or } 20} The answer is 20.", ""},
                 {"The final answer is: $\\boxed{18}$. I hope it is correct.", "18"}});
}

TEST_CASE("numbers: an equation's value is what follows its last equals sign") {
  check_answers(number_kind, anywhere,
                {{"16-3-4=9 eggs", "9"},
                 {"16 - 3 - 4 = 9", "9"},
                 {"9 * $2 = $18", "18"},
                 {"9*2=18", "18"},
                 {"9 x 2 = 18", "18"},
                 {"9x2=18", "18"},
                 {"9 \u00D7 2 = 18", "18"},
                 {"9 \\times 2 = 18", "18"},
                 {"9 \\cdot 2 = 18", "18"},
                 {"36 \u00F7 2 = 18", "18"},
                 {"36 / 2 = 18", "18"},
                 {"36/2=18", "18"},
                 {"2^3 = 8", "8"},
                 {"2**3 = 8", "8"},
                 {"(3 + 6) * 2 = 18", "18"},
                 {"((1 + 2) * (1 + 2)) * 2 = 18", "18"},
                 {"3 * (4 + 2) = 18", "18"},
                 {"9 eggs * $2 per egg = $18 per day", "18"},
                 {"9 eggs * $2/egg = $18", "18"},
                 {"16 eggs - 3 eggs - 4 eggs = 9 eggs", "9"},
                 {"3 plus 4 equals 7", "7"},
                 {"16 minus 7 is 9", "9"},
                 {"9 times 2 is equal to 18", "18"},
                 {"50% of 80 = 40", "40"},
                 {"50% of 80 is 40", "40"},
                 {"10 / 3 \u2248 3.33", "333/100"},
                 {"10 / 3 = approximately 3.33", "333/100"},
                 {"9 * 2\n= 18", "18"},
                 {"= 18", "18"},
                 {"x = 18", "18"},
                 {"Total = $18", "18"},
                 {"5 + 3 = 8 and 8 * 2 = 16", "16"},
                 {"2x = 8, so x = 4", "4"},
                 {"5 - 8 = -3", "-3"},
                 {"60 miles/hour * 2 hours = 120 miles", "120"}});
}

TEST_CASE("numbers: what is ambiguous is no answer") {
  check_answers(number_kind, anywhere,
                {{"16-3-4", ""},
                 {"5-6", ""},
                 {"12 / 4", ""},
                 {"3 * 4", ""},
                 {"12 * 3 =", ""},
                 {"12 * 3 = $", ""},
                 {"\\[ 32 \\text{ slices} + ", ""},
                 {"(16 - 3) * (", ""},
                 {"32 slices in all -", ""},
                 {"32 is what she has left +", "32"},
                 {"= 12 /", ""},
                 {"= 3 * 4", ""},
                 {"18 = 16 + 2", ""},
                 {"x + 3", ""},
                 {"18 or 20", ""},
                 {"18 dollars or 20 dollars", ""},
                 {"between 5 and 6", ""},
                 {"5 to 6", ""},
                 {"3, 4 and 5", ""},
                 {"3, 4, 5", ""},
                 {"2 hours and 30 minutes", ""},
                 {"2 hours 30 minutes", ""},
                 {"5 feet 6 inches", ""},
                 {"9 out of 10", ""},
                 {"1 234", ""},
                 {"$400 000 - $282 000 = $118 000", ""},
                 {"1,23", ""},
                 {"1,2345", ""},
                 {"0,123", ""},
                 {"1,00,000", ""},
                 {"12:30", ""},
                 {"3:2", ""},
                 {"1.2.3", ""},
                 {"1/2/2024", ""},
                 {"2024-01-05", ""},
                 {"1/0", ""},
                 {"80k", ""},
                 {"2e5", ""},
                 {"3 5/2", ""},
                 {"99999999999999999999", ""},
                 {"1/99999999999999999999", ""}});
}

TEST_CASE("numbers: texts without a number") {
  check_answers(number_kind, anywhere,
                {{"", ""},
                 {" \n", ""},
                 {"eighteen", ""},
                 {"I do not know.", ""},
                 {"$", ""},
                 {"-", ""},
                 {".", ""},
                 {"%", ""},
                 {"the 3rd day", ""},
                 {"on the 21st", ""},
                 {"B2", ""},
                 {"COVID-19", ""},
                 {"x_1", ""},
                 {"x^2", ""},
                 {"2x", ""},
                 {"2\\pi", ""},
                 {"\\sqrt{2}", ""},
                 {"\\frac{a}{2", "2"},
                 {"Step 3", ""},
                 {"Question 12", ""},
                 {"\\boxed{}", ""}});
}

TEST_CASE("numbers: the last one of a text, which is the answer of models that reason first") {
  check_answers(number_kind, anywhere,
                {{"Janet has 16 eggs. She eats 3, so 13 are left.", "13"},
                 {"1. She has 16 eggs.\n2. She eats 3.\n3. 16 - 3 = 13", "13"},
                 {"1. She has 16 eggs.\n2. 16 - 3 = 13.\n3. That is all.", "13"},
                 {"1. She has 16 eggs.\n2. **", "16"},
                 {"18. ", "18"},
                 {"Step 1: 16 - 3 = 13\nStep 2: 13 * 2 = 26\nStep 3: done", "26"},
                 {"- 16 eggs\n- 3 eaten\n- 13 left", "13"},
                 {"* 16 eggs\n* 13 left", "13"},
                 {"The total is $1,080.00.", "1080"},
                 {"So, the final answer is **26**.", "26"},
                 {"It is 5 apples and 3 pears. In total 8.", "8"},
                 {"She needs 2 bolts and 1 bolt", ""},
                 {"Total: 3 bolts\n", "3"}});
}

TEST_CASE("numbers: the first one of a text") {
  check_answers(number_kind, first_anywhere,
                {{"18 dollars on 3 days", "18"},
                 {"8 rows of 5 stars", "8"},
                 {"18 (3 * 6)", "18"},
                 {"18, because 3 * 6 = 18", "18"},
                 {"16-3-4=9 eggs, times 2", "9"},
                 {"18 or 20, I think 20", ""},
                 {"Step 1: 5 + 3 = 8. Step 2: 16", "8"},
                 {"20 - that is all", "20"},
                 {"no number", ""}});
}

TEST_CASE("numbers: after given words") {
  check_answers(number_kind, after_words,
                {{"The answer is 18.", "18"},
                 {"THE ANSWER IS 18", "18"},
                 {"The answer is: 18 dollars per day for 7 days", "18"},
                 {"The answer is $18, which is 9 * 2.", "18"},
                 {"The answer is 9 * 2 = 18.", "18"},
                 {"5 * 3 = 15. The answer is 16-3-4=9 eggs", "9"},
                 {"The answer is\n\n18", "18"},
                 {"The answer is:\n\n\\[ 9 \\times 2 = 18 \\]", "18"},
                 {"The answer is 17. No, the answer is 18.", "18"},
                 {"The answer is 18. I hope the answer is clear.", "18"},
                 {"The answer is 18 or 20.", ""},
                 {"The answer is 17. The answer is 18 or 20.", ""},
                 {"The answer is 16 - 3", ""},
                 {"The answer is:\n\n18. She sells the rest.", "18"},
                 {"So the answer is eighteen. She has 18 eggs.", "18"},
                 {"It is 18.", "18"},
                 {"It is 18. The answer is", "18"},
                 {"It is 18. The answer is clear", "18"}});
  const AnswerFormat first{.after = "the answer is", .take = TakenMatch::first};
  check_answers(number_kind, first,
                {{"The answer is 17. No, the answer is 18.", "17"},
                 {"The answer is unclear. 5. The answer is 18.", "5"},
                 {"3 + 4 = 7", "7"}});
  check_answers(number_kind, {.after = "####"},
                {{"She sells 9 * 2 = 18 eggs.\n#### 18", "18"}, {"3 * 3 = 9\n#### -9", "-9"}, {"####2,125\n", "2125"}});
}

TEST_CASE("numbers: a text that completes the sentence of the prompt") {
  const AnswerFormat opened{.opening = "So the answer is", .after = "the answer is"};
  check_answers(number_kind, opened,
                {{" 18 dollars. In 3 days the answer is 54.", "18"},
                 {" 9 * 2 = 18.", "18"},
                 {" clear.\nThe answer is 54.", "54"},
                 {" found so: 3 days\n54", "3"},
                 {"\n18", "18"},
                 {"", ""}});
  check_answers(number_kind, {.opening = "The answer is \\boxed{"},
                {{"18}. In 3 days", "18"}, {"18", "18"}, {"\\frac{1}{2}}", "1/2"}});
}

TEST_CASE("numbers: per cent are a flag, unless the task says that they count as the bare number") {
  check_answers(number_kind, anywhere,
                {{"50%", "50"}, {"50 percent", "50"}, {"50", "50"}, {"\\boxed{12.5\\%}", "25/2"}}, true);
  const auto read = [](const char* text, bool bare) { return tasks::canonical_answer(number_kind, text, bare); };
  CHECK_FALSE(agree(*read("50%", false), *read("50", false)));
  CHECK(agree(*read("50%", true), *read("50", true)));
}

TEST_CASE("numbers: two that are written differently are equal where their values are") {
  check_equal(number_kind, {{"18", "18", true},
                            {"18", "18.", true},
                            {"18", "18.0", true},
                            {"18", "18.00", true},
                            {"18", "018", true},
                            {"18", "+18", true},
                            {"18", " 18 ", true},
                            {"18", "$18", true},
                            {"18", "$18.00", true},
                            {"18", "\\$18", true},
                            {"18", "\u20AC18", true},
                            {"18", "36/2", true},
                            {"18", "**18**", true},
                            {"18", "\\boxed{18}", true},
                            {"18", "$18$", true},
                            {"18", "-18", false},
                            {"18", "19", false},
                            {"18", "180", false},
                            {"18", "1.8", false},
                            {"18", "18.1", false},
                            {"18", "18.0001", false},
                            {"18", "18%", false},
                            {"18", "1/18", false},
                            {"18", "18 million", false},
                            {"0", "0.0", true},
                            {"0", "-0", true},
                            {"0", "0/5", true},
                            {"0", ".0", true},
                            {"0", "0%", false},
                            {"0", "1", false},
                            {"1080", "1,080", true},
                            {"1080", "$1,080.00.", true},
                            {"1080", "1{,}080", true},
                            {"1080", "1\u202F080", true},
                            {"1080", "1,080.5", false},
                            {"1080", "10,800", false},
                            {"1000000", "1,000,000", true},
                            {"1000000", "1 million", true},
                            {"1000000", "1000 thousand", true},
                            {"1000000", "10 million", false},
                            {"2880000", "2,880,000", true},
                            {"2880000", "2.88 million", true},
                            {"80000", "$80k", true},
                            {"80000", "80 thousand", true},
                            {"0.5", "1/2", true},
                            {"0.5", ".5", true},
                            {"0.5", ".50", true},
                            {"0.5", "\u00BD", true},
                            {"0.5", "\\frac{1}{2}", true},
                            {"0.5", "\\dfrac12", true},
                            {"0.5", "2/4", true},
                            {"0.5", "5/10", true},
                            {"0.5", "50%", false},
                            {"0.5", "0.05", false},
                            {"0.5", "0.51", false},
                            {"0.5", "-0.5", false},
                            {"0.5", "2", false},
                            {"2.5", "2 1/2", true},
                            {"2.5", "5/2", true},
                            {"2.5", "2\u00BD", true},
                            {"2.5", "2\\frac{1}{2}", true},
                            {"2.5", "2.50", true},
                            {"2.5", "$2.50", true},
                            {"2.5", "1/2", false},
                            {"2.5", "2", false},
                            {"2.5", "25", false},
                            {"-2.5", "-2 1/2", true},
                            {"-2.5", "-5/2", true},
                            {"-2.5", "\u22122.5", true},
                            {"-2.5", "negative 2.5", true},
                            {"-2.5", "2.5", false},
                            {"-3", "\u22123", true},
                            {"-3", "\u20133", true},
                            {"-3", "-$3", true},
                            {"-3", "$-3", true},
                            {"-3", "minus 3", true},
                            {"-3", "3", false},
                            {"1/3", "2/6", true},
                            {"1/3", "\\frac{1}{3}", true},
                            {"1/3", "\u2153", true},
                            {"1/3", "0.33", false},
                            {"1/3", "0.3333333333", false},
                            {"1/3", "33%", false},
                            {"2/3", "4/6", true},
                            {"2/3", "0.67", false},
                            {"3.14", "3.140", true},
                            {"3.14", "314/100", true},
                            {"3.14", "157/50", true},
                            {"3.14", "22/7", false},
                            {"50%", "50 %", true},
                            {"50%", "50 percent", true},
                            {"50%", "50 per cent", true},
                            {"50%", "50\\%", true},
                            {"50%", "50.0%", true},
                            {"50%", "100/2 %", true},
                            {"50%", "50", false},
                            {"50%", "0.5", false},
                            {"50%", "5%", false},
                            {"12.5%", "25/2%", true},
                            {"12.5%", "12 1/2 %", true},
                            {"12.5%", "12%", false},
                            {"192000000", "192,000,000", true},
                            {"192000000", "192 million", true},
                            {"192000000", "19,200,000", false},
                            {"999999999999999999", "999,999,999,999,999,999", true},
                            {"0.000001", "1/1000000", true},
                            {"0.1", "0.10", true},
                            {"0.1", "1/10", true},
                            {"0.1", "0.01", false}});
}

TEST_CASE("numbers: what a data set gives as a number must be one and nothing else") {
  for (const char* text : {"",     " ",     "eighteen", "18 eggs", "18 or 20", "16-3", "3*4=12",
                           "1,23", "12:30", "B2",       "18 18",   "#### 18",  "1/0",  "99999999999999999999",
                           "18..", "2x",    "3rd",      "nan",     "inf",      "0x12", "1e5"}) {
    CAPTURE(text);
    CHECK_FALSE(tasks::whole_number(text, false));
  }
}

TEST_CASE("numbers: reading takes linear time and never fails, whatever the bytes") {
  for (const char* const part :
       {"1", "1 ", "1,",  "1/",    "-",      "$",        "*",    " *",  "\\boxed{", "\\frac{", "<<", "the answer is ",
        "=", "1=", "1. ", "\n1. ", "1 and ", "\xE2\x88", "\xFF", "{,}", "\\"}) {
    std::string text;
    while (text.size() < 200'000) text += part;
    CAPTURE(part);
    static_cast<void>(tasks::read_as(number_kind, after_words, text));
    CHECK(tasks::read_as(number_kind, after_words, text + "\\boxed{7}") == Answer{"7"});
  }
}

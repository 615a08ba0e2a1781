#include "litestage/tasks/reading/yes_no_answer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tasks/reading/kind_cases.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr AnswerKind yes_no_kind = AnswerKind::yes_no;

}  // namespace

TEST_CASE("yes or no: the words themselves, in any dress") {
  check_answers(yes_no_kind, anywhere,
                {{"yes", "yes"},
                 {"Yes", "yes"},
                 {"YES!", "yes"},
                 {"Yes.", "yes"},
                 {" yes \n", "yes"},
                 {"no", "no"},
                 {"No", "no"},
                 {"NO.", "no"},
                 {"No!", "no"},
                 {"true", "yes"},
                 {"True.", "yes"},
                 {"false", "no"},
                 {"False.", "no"},
                 {"**Yes**", "yes"},
                 {"**No**", "no"},
                 {"*no*", "no"},
                 {"`true`", "yes"},
                 {"\"No\"", "no"},
                 {"'yes'", "yes"},
                 {"(no)", "no"},
                 {"[yes]", "yes"},
                 {"\u201CNo\u201D", "no"},
                 {"\\boxed{Yes}", "yes"},
                 {"\\boxed{\\text{No}}", "no"},
                 {"$\\boxed{\\textbf{yes}}$", "yes"},
                 {"<b>No</b>", "no"},
                 {"### No", "no"},
                 {"Answer: no", "no"},
                 {"Answer = yes", "yes"},
                 {"answer is no", "no"},
                 {"It is true.", "yes"},
                 {"It's false.", "no"},
                 {"{\"answer\": true}", "yes"},
                 {"Yes, it is.", "yes"},
                 {"Yes it is.", "yes"},
                 {"No, it is not.", "no"},
                 {"No it is not.", "no"},
                 {"No because cats cannot fly", "no"},
                 {"No - cats cannot fly", "no"},
                 {"No\n\nCats cannot fly.", "no"},
                 {"Yes; the passage says so", "yes"},
                 {"It is true that water is wet.", "yes"},
                 {"It is false that cats fly", "no"}});
}

TEST_CASE("yes or no: a negation turns the word around") {
  check_answers(yes_no_kind, anywhere,
                {{"not true", "no"},
                 {"It is not true.", "no"},
                 {"That isn't true.", "no"},
                 {"It's not really true.", "no"},
                 {"That isn't really true", "no"},
                 {"This is not always true.", "no"},
                 {"not false", "yes"},
                 {"It is not false.", "yes"},
                 {"The statement cannot be true.", "no"},
                 {"It was never true.", "no"},
                 {"not a yes", "no"},
                 {"It is not true that cats fly.", "no"},
                 {"I don't know, yes", "yes"},
                 {"If not, true.", "yes"},
                 {"They are not here. True.", "yes"},
                 {"not\ntrue", "yes"},
                 {"No, true.", "yes"},
                 {"It doesn't matter: yes", "yes"},
                 {"isn't not true", "yes"}});
}

TEST_CASE("yes or no: words that belong to others do not count") {
  check_answers(yes_no_kind, anywhere,
                {{"There is no evidence.", ""},
                 {"no evidence", ""},
                 {"No one knows.", ""},
                 {"No cat flies.", ""},
                 {"a true story", ""},
                 {"It was a false alarm.", ""},
                 {"true love", ""},
                 {"Under no circumstances", ""},
                 {"no longer", ""},
                 {"Yes, there is no evidence.", "yes"},
                 {"No, that is a true story.", "no"},
                 {"Yes. It was a false alarm.", "yes"},
                 {"noise", ""},
                 {"yesterday", ""},
                 {"know", ""},
                 {"truely", ""},
                 {"untrue", ""},
                 {"yes-man", ""},
                 {"", ""},
                 {"I do not know.", ""},
                 {"maybe", ""},
                 {"It depends.", ""},
                 {"correct", ""},
                 {"\\boxed{}", ""},
                 {"42", ""}});
}

TEST_CASE("yes or no: both at once are no answer") {
  check_answers(yes_no_kind, anywhere,
                {{"yes or no", ""},
                 {"Yes/No", ""},
                 {"yes and no", ""},
                 {"No or yes?", ""},
                 {"true or false", ""},
                 {"True/False", ""},
                 {"true and false", ""},
                 {"I cannot say yes or no.", ""},
                 {"Answer with yes or no: yes", "yes"},
                 {"Answer with yes or no. No", "no"},
                 {"(yes/no) no", "no"},
                 {"True or false? True.", "yes"},
                 {"yes or maybe", "yes"}});
}

TEST_CASE("yes or no: the last or the first of a text") {
  check_answers(yes_no_kind, anywhere,
                {{"Yes. No.", "no"},
                 {"No. On second thought, yes.", "yes"},
                 {"Is it true? Yes.", "yes"},
                 {"The passage says that this is false, so the answer is no.", "no"},
                 {"First, it is true that ice floats. So yes, it does.", "yes"},
                 {"Yes, cats purr. Is it true that they fly? No.", "no"}});
  check_answers(yes_no_kind, first_anywhere,
                {{"Yes. No.", "yes"},
                 {"No. On second thought, yes.", "no"},
                 {"No, it is true.", "no"},
                 {"True, but that is not true of cats.", "yes"},
                 {"yes or no? No. Yes.", "no"}});
}

TEST_CASE("yes or no: after given words, and completing the prompt's sentence") {
  check_answers(yes_no_kind, after_words,
                {{"The answer is yes.", "yes"},
                 {"The answer is: No. Yes, they swim.", "no"},
                 {"The answer is **no**, because it is true that cats sink.", "no"},
                 {"It is true. So the answer is no.", "no"},
                 {"the answer is not yes", "no"},
                 {"The answer is yes. No, the answer is no.", "no"},
                 {"The answer is unknown. Yes", "yes"},
                 {"Yes. The answer is unknown.", "yes"},
                 {"\\boxed{no} The answer is yes.", "no"}});
  check_answers(yes_no_kind, {.opening = "The answer is"},
                {{" no. Yes, they swim.", "no"}, {" yes", "yes"}, {" clear.\nNo. Yes.", "yes"}, {" not true.", "no"}});
}

TEST_CASE("yes or no: what data sets write") {
  std::vector<EqualCase> cases;
  const std::vector<std::string> yes = {"yes",  "Yes",  "YES",  " yes ",    "yes.",
                                        "true", "True", "TRUE", "\"true\"", "true\n"},
                                 no = {"no", "No", "NO", " no", "no.", "false", "False", "FALSE", "'false'", "\tno"};
  for (std::size_t i = 0; i < yes.size(); ++i) {
    for (std::size_t j = 0; j < no.size(); ++j) {
      cases.push_back({yes[i], yes[j], true});
      cases.push_back({no[i], no[j], true});
      cases.push_back({yes[i], no[j], false});
    }
  }
  check_equal(yes_no_kind, cases);
  for (const char* text : {"", " ", "1", "0", "y", "maybe", "yes no", "not true", "yesno", "correct", "null"}) {
    CAPTURE(text);
    CHECK_FALSE(tasks::canonical_answer(yes_no_kind, text));
  }
}

TEST_CASE("yes or no: reading never fails, whatever the bytes") {
  for (const char* const part : {"yes", "no ", "yes or ", "not ", "yes/", "\\boxed{", "true\n", "\xFF", "*"}) {
    std::string text;
    while (text.size() < 200'000) text += part;
    CAPTURE(part);
    static_cast<void>(tasks::read_as(yes_no_kind, after_words, text));
    CHECK(tasks::read_as(yes_no_kind, after_words, text + "\\boxed{no}") == Answer{"no"});
  }
}

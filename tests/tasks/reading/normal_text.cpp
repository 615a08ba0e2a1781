#include "litestage/tasks/reading/normal_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tasks/reading/kind_cases.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr AnswerKind text_kind = AnswerKind::text;

}  // namespace

TEST_CASE("texts: normalised as SQuAD's evaluation does") {
  const std::vector<TextCase> cases = {{"", ""},
                                       {"The", ""},
                                       {"a an the", ""},
                                       {"...", ""},
                                       {"Paris", "paris"},
                                       {"PARIS", "paris"},
                                       {" Paris\n", "paris"},
                                       {"Paris.", "paris"},
                                       {"the Eiffel Tower", "eiffel tower"},
                                       {"The Eiffel  Tower", "eiffel tower"},
                                       {"an apple", "apple"},
                                       {"theatre", "theatre"},
                                       {"another", "another"},
                                       {"Anna", "anna"},
                                       {"twenty-one", "twentyone"},
                                       {"don't", "dont"},
                                       {"U.S.", "us"},
                                       {"J. K. Rowling", "j k rowling"},
                                       {"rock 'n' roll", "rock n roll"},
                                       {"a.m.", "am"},
                                       {"A", ""},
                                       {"a-b", "ab"},
                                       {"vitamin A", "vitamin"},
                                       {"C++", "c"},
                                       {"$5", "5"},
                                       {"50%", "50"},
                                       {"3,000", "3000"},
                                       {"1.5", "15"},
                                       {"snake_case", "snakecase"},
                                       {"<b>x</b>", "bxb"},
                                       {"\"quoted\"", "quoted"},
                                       {"\u201Cquoted\u201D", "\u201Cquoted\u201D"},
                                       {"\u201Cthe quoted\u201D", "\u201C quoted\u201D"},
                                       {"l\u2019eau", "l\u2019eau"},
                                       {"\u00C9cole", "\u00E9cole"},
                                       {"M\u00DCLLER", "m\u00FCller"},
                                       {"\u0394\u03B5\u03BB\u03C4\u03B1", "\u03B4\u03B5\u03BB\u03C4\u03B1"},
                                       {"\u041C\u043E\u0441\u043A\u0432\u0430", "\u043C\u043E\u0441\u043A\u0432\u0430"},
                                       {"\u0401\u0436", "\u0451\u0436"},
                                       {"\u5317\u4EAC", "\u5317\u4EAC"},
                                       {"a\u00A0b", "b"},
                                       {"x\u00A0y", "x y"},
                                       {"x\u3000y", "x y"},
                                       {"x\ty\r\nz", "x y z"},
                                       {"3\u20135", "3\u20135"},
                                       {"the\u2013a", "\u2013"},
                                       {"\xFF", "\uFFFD"},
                                       {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"}};
  for (const TextCase& c : cases) {
    CAPTURE(c.text);
    CHECK(tasks::normal_text(c.text) == c.answer);
  }
}

TEST_CASE("texts: after given words, up to the end of the line or sentence") {
  check_answers(text_kind, after_words,
                {{"The answer is Paris.", "paris"},
                 {"The answer is Paris", "paris"},
                 {"THE ANSWER IS PARIS", "paris"},
                 {"The answer is: Paris.", "paris"},
                 {"The answer is \"Paris\".", "paris"},
                 {"The answer is **Paris**.", "paris"},
                 {"The answer is the city of Paris. It is large.", "city of paris"},
                 {"The answer is Paris! It is large.", "paris"},
                 {"The answer is Paris? I think so.", "paris"},
                 {"The answer is Paris\nIt is large.", "paris"},
                 {"The answer is\nParis", "paris"},
                 {"The answer is:\n\n**Paris**\n\nIt is large.", "paris"},
                 {"The answer is St. Louis. It is large.", "st louis"},
                 {"The answer is Dr. Who.", "dr who"},
                 {"The answer is J. K. Rowling. She wrote it.", "j k rowling"},
                 {"The answer is U.S. Grant.", "us grant"},
                 {"The answer is 3.5 metres. That is long.", "35 metres"},
                 {"The answer is in 1066.", "in 1066"},
                 {"The answer is Rome. No, the answer is Paris.", "paris"},
                 {"The answer is Paris. I hope the answer is", "paris"},
                 {"The answer is Paris. I hope the answer is.", "paris"},
                 {"I think it is Rome. The answer is Paris", "paris"},
                 {"Paris", "paris"},
                 {"It is large. Paris", "paris"},
                 {"\\boxed{Paris} The answer is Rome.", "paris"},
                 {"The answer is \\boxed{\\text{Paris}}.", "paris"},
                 {"The answer is \\boxed{\\text{the Eiffel Tower}}", "eiffel tower"},
                 {"The answer is $\\text{Paris}$.", "paris"},
                 {"The answer is the", "answer is"},
                 {"The answer is", "answer is"},
                 {"", ""},
                 {"...", ""}});
  const AnswerFormat first{.after = "answer:", .take = TakenMatch::first};
  check_answers(text_kind, first,
                {{"Answer: Paris\nAnswer: Rome", "paris"},
                 {"Answer:\nAnswer: Rome", "rome"},
                 {"Paris\nRome", "paris"},
                 {"Answer: the cat sat. Then it left.", "cat sat"}});
}

TEST_CASE("texts: anywhere, the last or the first sentence") {
  check_answers(text_kind, anywhere,
                {{"Paris", "paris"},
                 {"Paris.", "paris"},
                 {"It is large. Paris.", "paris"},
                 {"Paris\n", "paris"},
                 {"Rome\nParis\n\n", "paris"},
                 {"Mr. Smith", "mr smith"},
                 {"The cat. The.", "cat"},
                 {"Who? Me!", "me"},
                 {"\n\n", ""},
                 {"\\boxed{a}", ""},
                 {"**\nParis\n**", "paris"},
                 {"\u5317\u4EAC\u3002", "\u5317\u4EAC\u3002"}});
  check_answers(text_kind, first_anywhere,
                {{"Paris. It is large.", "paris"},
                 {"\n\nParis\nRome", "paris"},
                 {"The. Cat.", "cat"},
                 {"Paris is large! Rome too.", "paris is large"},
                 {"Mrs. Smith. Mr. Smith.", "mrs smith"}});
  check_answers(text_kind, {.opening = "The answer is"},
                {{" Paris. It is large.", "paris"},
                 {" the Eiffel Tower", "eiffel tower"},
                 {"\nParis\nRome", "paris"},
                 {" St. Louis.", "st louis"}});
}

TEST_CASE("texts: equal where only case, punctuation, articles and spaces differ") {
  const auto same = [](const std::string& a, const std::string& b) { return EqualCase{a, b, true}; };
  const auto other = [](const std::string& a, const std::string& b) { return EqualCase{a, b, false}; };
  check_equal(text_kind, {same("Paris", "paris"),
                          same("Paris", "PARIS"),
                          same("Paris", "Paris."),
                          same("Paris", " Paris "),
                          same("Paris", "\"Paris\""),
                          same("Paris", "'Paris'"),
                          same("Paris", "the Paris"),
                          same("Paris", "a Paris!"),
                          same("Paris", "**Paris**"),
                          same("Paris", "Paris\n"),
                          other("Paris", "Pari"),
                          other("Paris", "Paris France"),
                          other("Paris", "in Paris"),
                          other("Paris", "Rome"),
                          other("Paris", "paris texas"),
                          same("Paris, France", "paris france"),
                          same("Paris, France", "Paris France."),
                          other("Paris, France", "France, Paris"),
                          same("the Eiffel Tower", "Eiffel Tower"),
                          same("the Eiffel Tower", "The Eiffel  Tower"),
                          same("the Eiffel Tower", "an Eiffel the Tower a"),
                          other("the Eiffel Tower", "EiffelTower"),
                          other("the Eiffel Tower", "Eiffel Towers"),
                          same("twenty-one", "twentyone"),
                          other("twenty-one", "twenty one"),
                          other("twenty-one", "21"),
                          same("don't", "dont"),
                          other("don't", "do not"),
                          same("U.S.", "US"),
                          same("U.S.", "u.s"),
                          other("U.S.", "USA"),
                          other("U.S.", "U. S."),
                          same("St. Louis", "St Louis"),
                          other("St. Louis", "Saint Louis"),
                          same("J.K. Rowling", "JK Rowling"),
                          other("J.K. Rowling", "J. K. Rowling"),
                          same("rock'n'roll", "rocknroll"),
                          same("3,000", "3000"),
                          other("3,000", "3 000"),
                          other("3,000", "three thousand"),
                          same("$5", "5"),
                          same("5%", "5"),
                          same("1.5", "15"),
                          same("C++", "C"),
                          same("(a) cat", "cat"),
                          same("cat; dog", "cat dog"),
                          other("cat/dog", "cat dog"),
                          same("cat/dog", "catdog"),
                          same("e-mail", "email"),
                          same("snake_case", "snakecase"),
                          same("x\ty", "x y"),
                          same("x\n\ny", "x y"),
                          same("x\u00A0y", "x y"),
                          other("xy", "x y"),
                          same("\u00C9cole", "\u00E9cole"),
                          other("\u00C9cole", "ecole"),
                          other("\u00C9cole", "E\u0301cole"),
                          same("M\u00DCLLER", "m\u00FCller"),
                          other("M\u00DCLLER", "muller"),
                          other("M\u00DCLLER", "mueller"),
                          same("\u0391\u03B8\u03AE\u03BD\u03B1", "\u03B1\u03B8\u03AE\u03BD\u03B1"),
                          same("\u041C\u043E\u0441\u043A\u0432\u0430", "\u043C\u043E\u0441\u043A\u0432\u0430"),
                          same("\u5317\u4EAC", "\u5317\u4EAC."),
                          other("\u5317\u4EAC", "\u4E0A\u6D77"),
                          other("\u201CParis\u201D", "Paris"),
                          other("l\u2019eau", "leau"),
                          same("l'eau", "leau"),
                          other("3\u20135", "3-5"),
                          same("3-5", "35"),
                          same("an hour", "hour"),
                          same("an hour", "a hour"),
                          other("an hour", "hours"),
                          same("another", "Another"),
                          other("another", "other"),
                          other("theatre", "atre"),
                          same("theatre", "the theatre"),
                          same("Anna", "anna"),
                          other("Anna", "nna"),
                          same("yes", "Yes."),
                          other("yes", "no"),
                          same("vitamin A", "vitamin"),
                          other("vitamin B", "vitamin"),
                          same("the vitamin B", "Vitamin B"),
                          same("0", "0."),
                          other("0", "1"),
                          same("July 4, 1776", "July 4 1776"),
                          same("July 4, 1776", "july 4 1776."),
                          other("July 4, 1776", "4 July 1776"),
                          same("Romeo & Juliet", "romeo juliet"),
                          same("Romeo & Juliet", "Romeo  Juliet"),
                          other("Romeo & Juliet", "Romeo and Juliet"),
                          same("#hashtag", "hashtag"),
                          same("user@host", "userhost"),
                          same("a|b", "ab"),
                          same("x^2", "x2"),
                          same("{x}", "x"),
                          same("[x]", "x"),
                          same("~x", "x"),
                          same("x=y", "xy"),
                          same("x<y", "x>y"),
                          same("why?", "why"),
                          same("no way!", "no way"),
                          same("`code`", "code"),
                          same("back\\slash", "backslash"),
                          same("100 %", "100"),
                          other("100 percent", "100")});
}

TEST_CASE("texts: reading never fails, whatever the bytes") {
  for (const char* const part :
       {"a ", "the", ". ", "J. ", "\n", "\\boxed{", "\\text{", "\xFF", "\xE2\x80", "the answer is "}) {
    std::string long_text;
    while (long_text.size() < 200'000) long_text += part;
    CAPTURE(part);
    static_cast<void>(tasks::read_as(text_kind, after_words, long_text));
    CHECK(tasks::read_as(text_kind, after_words, long_text + "\\boxed{cat}") == Answer{"cat"});
  }
}

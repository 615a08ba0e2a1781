// Any bytes as what a model wrote: read by every rule, the answer is one of the options or none. The lines up to an
// empty one are the options, and the rest is the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/target.hpp"
#include "litestage/tasks/read_answer.hpp"

void fuzz_answer(const std::uint8_t* data, std::size_t size) {
  using namespace litestage;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> options;
  while (options.size() < 26 && !rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) break;
    options.emplace_back(line);
  }
  for (const AnswerFormat& format : {AnswerFormat{}, AnswerFormat{AnswerRule::tiny_thinker, "", "", ""},
                                     AnswerFormat{AnswerRule::stated, "", " ", "So the answer is option"}}) {
    const int option = tasks::written_option(format, rest, options);
    need(option >= no_answer && option < static_cast<int>(options.size()));
  }
}

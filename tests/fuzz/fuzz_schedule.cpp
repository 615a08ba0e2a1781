// Any bytes as a schedule: an Error, or one that comes back unchanged from what is written of it, and whose prompts can
// be made for a question that has what the schedule needs.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/target.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/stages/standard.hpp"

namespace {

using namespace litestage;

void make_prompts(const AnySchedule& schedule, const Question& question) {
  try {
    schedule.check_question(question);
  } catch (const Error&) {
    return;
  }
  // Outside the try: what passed the checks can be asked.
  const std::size_t most = schedule.branches(question);
  Transcript transcript{question, {}};
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    need(!schedule.stage(i).name.empty());
    const std::vector<Prompt> prompts = schedule.prompts(i, transcript);
    need(!prompts.empty() && prompts.size() <= most);
    for (const Prompt& prompt : prompts) need(!prompt.messages.empty());
    transcript.outputs.emplace_back(prompts.size(), "{x} .");
  }
}

}  // namespace

void fuzz_schedule(const std::uint8_t* data, std::size_t size) {
  stages::Standard schedule;
  try {
    schedule = read_value<stages::Standard>(io::parse_json({reinterpret_cast<const char*>(data), size}, "f"), "f");
  } catch (const Error&) {
    return;
  }
  need(read_value<stages::Standard>(io::parse_json(io::to_json(schedule.to_form(false)), "again"), "again") ==
       schedule);
  Question question{"q", "Why {not}?", {}};
  make_prompts(schedule, question);
  question.options = {"a", "b"};
  question.fields = {{"passage", "p"}};
  make_prompts(schedule, question);
}

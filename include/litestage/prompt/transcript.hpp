// The data that stage schedules work with: questions, prompts, and the texts generated so far.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "litestage/prompt/answer.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/sampler_options.hpp"

namespace litestage {

struct Question {
  std::string id;
  std::string stem;
  std::vector<std::string> options;
  Gold gold = {};  // the right answers, any of which counts; empty if they are not known
  AnswerKind kind = AnswerKind::letter;
  std::map<std::string, std::string> fields = {};  // other texts of the record, by name: {field.NAME} in schedules
  bool percent_is_number = false;                  // for kind `number`: whether "50 %" is the same answer as "50"
  // [gold] for kind `text`: the right answers as the record writes them, which gold_log_prob scores. Empty: their
  // canonical forms.
  std::vector<std::string> gold_as_written = {};
};

enum class Role : std::uint8_t {
  text,  // raw text without chat markup; a prompt is either one `text` message or a conversation
  system,
  user,
  assistant
};

struct Message {
  Role role = Role::text;
  std::string text;
  friend bool operator==(const Message&, const Message&) = default;
};

struct Prompt {
  std::vector<Message> messages;
  std::string continuation = {};  // forced beginning of the model's answer; follows the generation prompt verbatim
  friend bool operator==(const Prompt&, const Prompt&) = default;
};

struct StageInfo {
  std::string name;
  int max_new_tokens = 64;
  std::vector<std::string> stop = {};  // generation ends before the first of these strings
  // How this stage's tokens are chosen; empty: as the run says. Its seed is added to the run's.
  std::optional<SamplerOptions> sampler = {};
};

// The question and the texts that each finished stage generated.
struct Transcript {
  Question question;
  std::vector<std::vector<std::string>> outputs;  // [stages done][branches of that stage]
};

}  // namespace litestage

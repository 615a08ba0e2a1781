// One stage of a schedule that is written as data: its texts, the earlier stage that it continues, its limits and its
// parallel branches.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/prompt/sampler_options.hpp"
#include "litestage/settings/choice.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::stages {

enum class Speaker : std::uint8_t { system, user, assistant };

}  // namespace litestage::stages

template <>
struct litestage::EnumNames<litestage::stages::Speaker> {
  static constexpr std::array<std::string_view, 3> names = {"system", "user", "assistant"};
};

namespace litestage::stages {

struct CustomMessage {
  Speaker role = Speaker::user;
  std::string content;  // with placeholders

  static constexpr auto fields() {
    return Fields(Field("role", &CustomMessage::role, "who says it"),
                  Field("content", &CustomMessage::content, "what is said, with placeholders"));
  }
  friend bool operator==(const CustomMessage&, const CustomMessage&) = default;
};

// The four ways in which a stage branches.
struct OneBranch {
  static constexpr std::string_view name = "one";
  static constexpr auto fields() { return Fields(); }
  friend bool operator==(const OneBranch&, const OneBranch&) = default;
};
struct PerOption {
  static constexpr std::string_view name = "options";
  static constexpr auto fields() { return Fields(); }
  friend bool operator==(const PerOption&, const PerOption&) = default;
};
// As many branches as the continued stage has; branch i goes on from branch i.
struct EachBranch {
  static constexpr std::string_view name = "each";
  static constexpr auto fields() { return Fields(); }
  friend bool operator==(const EachBranch&, const EachBranch&) = default;
};
// Samples of one prompt. The random numbers of sample i depend only on the seeds, the question, the stage and i, so the
// first samples of many are those of few. Self-consistency (arXiv 2203.11171) samples at temperatures of 0.5 to 0.7
// among the 40 likeliest tokens; the default number is ours.
struct Samples {
  static constexpr std::string_view name = "samples";
  int n = 5;
  double temperature = 0.7;
  int top_k = 40;
  double top_p = 1;
  std::uint64_t seed = 0;

  void check(const Where& where) const {
    if (temperature > 0) return;
    throw Error(concat(where.at("temperature").str(),
                       ": found 0, with which every sample would be the same, expected a number above 0"));
  }
  [[nodiscard]] SamplerOptions sampler() const {
    return {.temperature = temperature, .top_k = top_k, .top_p = top_p, .seed = seed};
  }

  static constexpr auto fields() {
    return Fields(Field("n", &Samples::n, "number of samples", 1, 1024),
                  Field("temperature", &Samples::temperature, "sampling temperature, above 0", 0, 100),
                  Field("top_k", &Samples::top_k, "sample among the k likeliest tokens; 0: all", 0, 1 << 24),
                  Field("top_p", &Samples::top_p, "sample among the likeliest tokens that reach p", 0, 1),
                  Field("seed", &Samples::seed, "added to the seed of the run", 0, 9007199254740992.0));
  }
  friend bool operator==(const Samples&, const Samples&) = default;
};
using Branches = Choice<OneBranch, PerOption, EachBranch, Samples>;

// A stage is a conversation (`messages`) or raw text (`text`). If it continues a stage, that stage's conversation with
// its output as the assistant's message comes first, or its raw text followed by its output.
struct CustomStage {
  std::string name = {};
  std::string continues = {};  // name of an earlier stage; empty: the stage starts afresh
  Branches branches = {};
  std::vector<CustomMessage> messages = {};
  std::string text = {};          // with placeholders
  std::string continuation = {};  // with placeholders; forced beginning of the model's answer
  int max_new_tokens = 64;
  std::vector<std::string> stop = {};

  [[nodiscard]] bool is_conversation() const { return !messages.empty(); }

  static constexpr auto fields() {
    using S = CustomStage;
    return Fields(
        Field("name", &S::name, "name of the stage, by which policies and later stages refer to it"),
        Field("continues", &S::continues, "name of an earlier stage that this one goes on from; empty: afresh"),
        Field("branches", &S::branches, "one, options (one per option), each (one per branch continued) or samples"),
        Field("messages", &S::messages, "the messages of a conversation, the last one by the user"),
        Field("text", &S::text, "raw text without chat markup, in place of messages"),
        Field("continuation", &S::continuation, "words put into the model's mouth"),
        Field("max_new_tokens", &S::max_new_tokens, "largest number of tokens of a branch", 1, 1'000'000),
        Field("stop", &S::stop, "strings that end the stage"));
  }
  friend bool operator==(const CustomStage&, const CustomStage&) = default;
};

}  // namespace litestage::stages

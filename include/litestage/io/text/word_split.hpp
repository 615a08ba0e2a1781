// The rule for splitting text that a tokenizer.ggml.pre names. Names and rules: llama.cpp src/llama-vocab.cpp. Names
// with the same rule do not differ for a tokenizer of text.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace litestage::io {

// The last three are qwen2, llama3 and gpt4o as the library tokenizers reads their patterns: in a contraction, U+017F
// is an s.
enum class WordPattern { gpt2, smollm, qwen2, llama3, tekken, gpt4o, plain, qwen2_any_s, llama3_any_s, gpt4o_any_s };

struct WordSplit {
  WordPattern pattern = WordPattern::plain;
  bool whole_words = false;  // a word that is a token is not split, whatever the merges (tokenizer.json: ignore_merges)
  bool adds_bos = false;     // default if the file has no tokenizer.ggml.add_bos_token
};

namespace detail {

struct NamedSplit {
  std::string_view name;
  WordSplit split;
};
inline constexpr WordSplit gpt2_split{WordPattern::gpt2}, smollm_split{WordPattern::smollm},
    qwen2_split{WordPattern::qwen2},
    llama3_split{.pattern = WordPattern::llama3, .whole_words = true, .adds_bos = true},
    smaug_split{.pattern = WordPattern::llama3},
    tekken_split{.pattern = WordPattern::tekken, .whole_words = true, .adds_bos = true},
    gpt4o_split{.pattern = WordPattern::gpt4o}, plain_split{};
inline constexpr std::array<NamedSplit, 40> named_splits = {{
    {"gpt-2", gpt2_split},
    {"phi-2", gpt2_split},
    {"gigachat", gpt2_split},
    {"a.x-4.0", gpt2_split},
    {"mellum", gpt2_split},
    {"mpt", gpt2_split},
    {"olmo", gpt2_split},
    {"jais", gpt2_split},
    {"exaone4", gpt2_split},
    {"trillion", gpt2_split},
    {"granite-docling", gpt2_split},
    {"smollm", smollm_split},
    {"starcoder", smollm_split},
    {"refact", smollm_split},
    {"command-r", smollm_split},
    {"codeshell", smollm_split},
    {"exaone", smollm_split},
    {"minerva-7b", smollm_split},
    {"mellum2", smollm_split},
    {"qwen2", qwen2_split},
    {"deepseek-r1-qwen", qwen2_split},
    {"kormo", qwen2_split},
    {"f2llmv2", qwen2_split},
    {"megrez", qwen2_split},
    {"stablelm2", qwen2_split},
    {"hunyuan", qwen2_split},
    {"solar-open", qwen2_split},
    {"grok-2", qwen2_split},
    {"llama-bpe", llama3_split},
    {"llama3", llama3_split},
    {"llama-v3", llama3_split},
    {"falcon3", llama3_split},
    {"falcon-h1", llama3_split},
    {"pixtral", llama3_split},
    {"midm-2.0", llama3_split},
    {"lfm2", llama3_split},
    {"smaug-bpe", smaug_split},
    {"tekken", tekken_split},
    {"gpt-4o", gpt4o_split},
    {"default", plain_split},
}};

}  // namespace detail

// Returns nothing if the name is unknown. An empty name means a file older than names, which is split as "default";
// whether its model was trained with that rule is unknown.
[[nodiscard]] constexpr std::optional<WordSplit> word_split(std::string_view pre) {
  if (pre.empty()) return detail::plain_split;
  for (const detail::NamedSplit& named : detail::named_splits) {
    if (named.name == pre) return named.split;
  }
  return std::nullopt;
}

// All names, for messages.
[[nodiscard]] inline std::string word_split_names() {
  std::string list;
  for (const detail::NamedSplit& named : detail::named_splits) {
    list += list.empty() ? "" : ", ";
    list += named.name;
  }
  return list;
}

}  // namespace litestage::io

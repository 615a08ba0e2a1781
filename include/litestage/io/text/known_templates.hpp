// Chat templates whose output is known. A model file contains its template as a Jinja program. Such programs are not
// run here, and one changed word can change the output, so a template is recognised by its whole text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "litestage/core/fnv1a.hpp"
#include "litestage/io/text/chat_style.hpp"

namespace litestage::io {

// The fingerprint of a template's text (its length and its 64-bit FNV-1a hash), and the style that the template writes.
//
// Two texts that differ in a single byte, or in length, never have the same fingerprint. Any other text has a
// fingerprint of the table by chance with a probability of about 40 / 2^64 = 2e-18. FNV-1a does not prevent the
// construction of a text with a known fingerprint, but that only gives a file that is rendered in one of the formats
// that --chat-template offers for every file.
struct KnownTemplate {
  std::size_t bytes = 0;
  std::uint64_t hash = 0;
  ChatStyle style{};
};

[[nodiscard]] inline std::uint64_t text_hash(std::string_view text) {
  Fnv1a hash;
  hash.add(text);
  return hash.value();
}

namespace detail {

inline constexpr ChatStyle chatml{};
inline constexpr ChatStyle chatml_in_turn{.format = ChatFormat::chatml, .in_turn = true};
inline constexpr ChatStyle zephyr{ChatFormat::zephyr};
inline constexpr ChatStyle llama2{ChatFormat::llama2};
inline constexpr ChatStyle llama3{ChatFormat::llama3};
inline constexpr ChatStyle llama3_dated{.format = ChatFormat::llama3, .dated = true};

[[nodiscard]] constexpr ChatStyle chatml_with(std::string_view default_system) {
  return {.format = ChatFormat::chatml, .default_system = default_system};
}
[[nodiscard]] constexpr ChatStyle chatml_in_turn_with(std::string_view default_system) {
  return {.format = ChatFormat::chatml, .default_system = default_system, .in_turn = true};
}

inline constexpr std::string_view smollm = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";
inline constexpr std::string_view qwen = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";
inline constexpr std::string_view opencoder = "You are OpenCoder, created by OpenCoder Team.";
inline constexpr std::string_view helpful = "You are a helpful assistant";
inline constexpr std::string_view helpful_dot = "You are a helpful assistant.";

}  // namespace detail

// One line per text; texts that differ in a line break are different texts. Each comment names the models that have the
// text, or the project that gives it to models, and where the text is published: automap is huggingface.js,
// packages/ollama-utils/src/chat-template-automap.ts, which lists the templates of GGUF files; e2e is its
// packages/jinja/test/e2e.test.js; index is ollama, template/index.json; TGI is text-generation-inference,
// router/src/infer/chat_template.rs; families is xorbitsai/inference, xinference/model/llm/llm_family.json. A text is
// added after tests/crosscheck/chat_template.py --templates has compared it with Jinja2.
inline constexpr auto known_templates = std::to_array<KnownTemplate>({
    // ChatML
    {196, 0x88bf4138d5c826f0, detail::chatml},   // OpenHermes 2.5, MiniCPM 3 and 4 (families); index; llama-cpp-python
    {199, 0xa41d6bae9b9141bc, detail::chatml},   // OpenHermes 2.5, its line breaks escaped (llama.cpp's tests; TGI)
    {291, 0x773d13e188afc917, detail::chatml},   // Dolphin 2.5 Mixtral (automap; e2e), Yi chat (families); index
    {294, 0x17fde6ecda9c7c01, detail::chatml},   // Dolphin 2.5, its line breaks escaped (TGI)
    {292, 0x4c91e53b42b2bc47, detail::chatml},   // axolotl, chatml.jinja
    {398, 0x8bfd6052757eabbd, detail::chatml},   // unsloth, unsloth/chat_templates.py
    {450, 0x3dbbdd28c4670e85, detail::chatml},   // one of several under chatml (index)
    {4063, 0x81d45424a0beddda, detail::chatml},  // Cogito 14B, without a request to think (automap)
    {2630, 0x3751fe8ea48448ab, detail::chatml},  // Qwen3 Instruct 2507 (TRL, trl/chat_templates)
    {316, 0x765020dc1308c04e, detail::chatml_in_turn},  // aphrodite-engine, examples/chat_templates/chatml.jinja
    {316, 0x335e71ab330b7816, detail::chatml_in_turn},  // vLLM, examples/template_chatml.jinja
    {477, 0x74f4b309ab0e2c06, detail::chatml_in_turn},  // Yi Coder 1.5B (automap)
    // ChatML with a default system message
    {368, 0x45ec583d4d25bc3a, detail::chatml_with(detail::smollm)},  // SmolLM2 135M to 1.7B (its GGUF; automap)
    {2507, 0xc2b27ee60f1b8775, detail::chatml_with(detail::qwen)},   // Qwen2.5 (e2e; llama.cpp), -Coder 0.5B (GGUF)
    {2506, 0xe642ce246d7f2e3d, detail::chatml_with(detail::qwen)},   // the same without its last line break
    {2509, 0xd855c6ee5492206f, detail::chatml_with(detail::qwen)},   // Qwen2.5 0.5B (automap), -Coder 1.5B (GGUF)
    {2427, 0xa90d76f25b444205, detail::chatml_with(detail::helpful_dot)},     // Qwen2.5 1M, VibeThinker (families)
    {2429, 0x07fe4947339bc70b, detail::chatml_with(detail::helpful_dot)},     // Qwen2.5 Coder (families)
    {328, 0x8a87094e0e1e24c5, detail::chatml_with(detail::helpful_dot)},      // Qwen2 (automap), CodeQwen1.5 (families)
    {327, 0xc867da37c989d41f, detail::chatml_with(detail::helpful)},          // one of several under chatml (index)
    {345, 0x2e27e2fd8c6a1a4c, detail::chatml_with(detail::opencoder)},        // OpenCoder 8B (automap)
    {443, 0x893e758f2b86d461, detail::chatml_in_turn_with(detail::helpful)},  // Qwen1.5 (automap; e2e)
    {448, 0x049cd3d51562e165, detail::chatml_in_turn_with(detail::helpful)},  // Qwen1.5, line breaks escaped (TGI)
    {534, 0x84b2d1a1cb37c948, detail::chatml_in_turn_with(detail::helpful_dot)},   // SeaLLMs v3 (families)
    {621, 0xf529324b03d8cd45, detail::chatml_in_turn_with(detail::helpful_dot)},   // SmallThinker 3B (automap)
    {629, 0x6336937c1429e601, detail::chatml_in_turn_with(detail::helpful_dot)},   // Stable Code 3B (automap; index)
    {2339, 0x646af41d1a877ee0, detail::chatml_in_turn_with(detail::helpful_dot)},  // Hammer 2.1 (e2e)
    // Zephyr
    {410, 0xcd8b49000db02c2c, detail::zephyr},  // Zephyr (e2e; alignment-handbook), TinyLlama chat (automap)
    {413, 0x0af6ea9cf9896e56, detail::zephyr},  // Zephyr, its line breaks escaped (TGI)
    {375, 0x4f538ea416e097dd, detail::zephyr},  // unsloth, unsloth/chat_templates.py
    // Llama 2
    {815, 0xf344eecf1bd3a427, detail::llama2},   // Llama 2 chat (automap; index)
    {813, 0x54f74c2db3c2b5b9, detail::llama2},   // one of two under llama2-chat (index)
    {1072, 0x2bb17d55e56025e2, detail::llama2},  // a second text, hf-internal-testing/llama-tokenizer (e2e)
    {1068, 0x3c3ecf6866d83ca1, detail::llama2},  // a third text (TGI)
    // Llama 3
    {389, 0x0e60067a5537498e, detail::llama3},  // Llama 3 Instruct (automap; index; llama-cpp-python)
    {348, 0x74891e390e614ae2, detail::llama3},  // Llama 3 in llama.cpp's tests, Dolphin Llama 3 (automap)
    {551, 0x87211746dfbc9cbf, detail::llama3},  // unsloth, unsloth/chat_templates.py
    {697, 0x28abda844ca9fb67, detail::llama3},  // axolotl, llama3.jinja
    {696, 0x58f97c63c2f8bd77, detail::llama3},  // the same without its last line break
    // Llama 3.1 and later, which write today's date only if they are given a clock
    {4614, 0x60848a05837ce656, detail::llama3_dated},  // Llama 3.1, 3.3 Instruct (automap; llama.cpp; TRL)
    {4613, 0xcc0368e1ffb6b958, detail::llama3_dated},  // the same without its last line break
    {4531, 0x45e4de5b2d34efdb, detail::llama3_dated},  // Llama 3.1 8B Instruct, a different text (TGI)
    {3827, 0x0ac29b9538e2befa, detail::llama3_dated},  // Llama 3.2 Instruct (automap; llama.cpp; TRL)
    {3826, 0x368f4c34b8554414, detail::llama3_dated},  // the same without its last line break
});

// The style of the template with this text, or null if `known` does not contain the text.
[[nodiscard]] inline const ChatStyle* known_style(std::string_view text,
                                                  std::span<const KnownTemplate> known = known_templates) {
  const std::uint64_t hash = text_hash(text);
  for (const KnownTemplate& k : known) {
    if (k.bytes == text.size() && k.hash == hash) return &k.style;
  }
  return nullptr;
}

}  // namespace litestage::io

// The formats in which models were trained to read conversations, and the variants of them that chat templates use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "litestage/core/enum_names.hpp"

namespace litestage::io {

enum class ChatFormat : std::uint8_t {
  chatml,  // SmolLM2, Qwen 1.5 to 2.5, many others
  zephyr,  // Zephyr, TinyLlama
  llama2,  // Llama 2
  llama3   // Llama 3 to 3.3
};

}  // namespace litestage::io

template <>
struct litestage::EnumNames<litestage::io::ChatFormat> {
  static constexpr std::array<std::string_view, 4> names = {"chatml", "zephyr", "llama-2", "llama-3"};
};

namespace litestage::io {

// `default_system` points to text that outlives this object, such as a literal.
struct ChatStyle {
  ChatFormat format = ChatFormat::chatml;
  // chatml: the system message of conversations that have none. If empty, such conversations begin with their first
  // message.
  std::optional<std::string_view> default_system{};
  // llama3: as in Llama 3.1 and later, every conversation has a system message, preceded by dates.
  bool dated = false;
  // Whether a conversation must be an optional system message, then user and assistant in turn, the user last. Others
  // are refused, because the template fails on them or writes something else.
  bool in_turn = false;
  friend bool operator==(const ChatStyle&, const ChatStyle&) = default;
};

// "Today" in dated styles: the date that the templates write if they are given no clock. It is constant, so that runs
// can be repeated.
inline constexpr std::string_view chat_date = "26 Jul 2024";

}  // namespace litestage::io

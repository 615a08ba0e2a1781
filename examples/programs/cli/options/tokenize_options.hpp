// The options of `tokenize`.
#pragma once

#include <string>

#include "cli/options/chat_options.hpp"
#include "cli/options/command.hpp"

namespace litestage::cli {

struct TokenizeOptions {
  std::string model;
  ChatWords chat;
  bool lines = false;
  bool decode = false;
  bool render = false;
  bool bos = false;
  bool plain = false;
};

// The command line of `tokenize`.
[[nodiscard]] Command tokenize_command(TokenizeOptions& o);

}  // namespace litestage::cli

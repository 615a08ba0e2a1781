// The output of `score`: a line per token, a summary, and the same as JSON.
#pragma once

#include <cstddef>
#include <iomanip>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/tokenizer.hpp"
#include "litestage/pipeline/score_text.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::cli {

inline constexpr std::string_view score_format = "litestage.score/1";

// The facts about how a score was made.
struct ScoreInfo {
  std::string model, fingerprint, text;  // fingerprint: for JSON only
  std::string backend, instruction_set, kv;
  int threads = 0;
  Form skip;
  double seconds = 0;
};

inline constexpr std::size_t longest_piece = 200;  // in bytes, of a token as printed

inline void print_candidates(std::ostream& out, const io::SubwordTokenizer& tokenizer,
                             const std::vector<Candidate>& candidates) {
  for (const Candidate& c : candidates) {
    out << "  " << in_quotes(tokenizer.piece(c.token), longest_piece) << ' ' << std::fixed << std::setprecision(3)
        << c.log_prob;
  }
  out << '\n';
}

inline void print_tokens(std::ostream& out, const io::SubwordTokenizer& tokenizer, const TextScore& score) {
  for (std::size_t i = 0; i < score.tokens.size(); ++i) {
    const TokenScore& t = score.tokens[i];
    out << std::setw(6) << i << std::setw(8) << t.token << "  ";
    if (i == 0)
      out << std::setw(9) << '-';
    else
      out << std::setw(9) << std::fixed << std::setprecision(4) << t.log_prob;
    out << "  " << in_quotes(tokenizer.piece(t.token), longest_piece);
    if (!t.candidates.empty()) out << "  |";
    print_candidates(out, tokenizer, t.candidates);
  }
  if (!score.next.empty()) {
    out << "next:";
    print_candidates(out, tokenizer, score.next);
  }
}

inline void print_summary(std::ostream& out, const TextScore& score, const ScoreInfo& info) {
  out << score.tokens.size() << " tokens, " << score.skipped << " sub-layers skipped";
  if (score.scored() > 0) {
    out << std::fixed << std::setprecision(4) << ", log-probability " << score.log_prob() << " ("
        << score.mean_log_prob() << " a token), perplexity " << score.perplexity();
  }
  out << "\n"
      << std::fixed << std::setprecision(3) << info.seconds << " s, " << std::setprecision(1)
      << static_cast<double>(score.tokens.size()) / info.seconds << " tokens/s on " << info.backend << " ("
      << info.instruction_set << "), threads: " << info.threads << '\n';
}

[[nodiscard]] inline Form to_form(const std::vector<Candidate>& candidates, const io::SubwordTokenizer& tokenizer) {
  Form::List list;
  for (const Candidate& c : candidates) {
    list.push_back(Form().add("id", c.token).add("piece", tokenizer.piece(c.token)).add("log_prob", c.log_prob));
  }
  return Form(std::move(list));
}

[[nodiscard]] inline Form to_form(const TextScore& score, const ScoreInfo& info,
                                  const io::SubwordTokenizer& tokenizer) {
  Form f;
  f.add("format", score_format).add("model", info.model).add("fingerprint", info.fingerprint).add("text", info.text);
  f.add("backend", info.backend).add("instruction_set", info.instruction_set).add("threads", info.threads);
  f.add("kv", info.kv).add("policies", Form().add("skip", info.skip));
  Form::List tokens;
  for (std::size_t i = 0; i < score.tokens.size(); ++i) {
    const TokenScore& t = score.tokens[i];
    Form token;
    token.add("id", t.token).add("piece", tokenizer.piece(t.token));
    token.add("log_prob", i == 0 ? Form() : Form(t.log_prob)).add("candidates", to_form(t.candidates, tokenizer));
    tokens.push_back(std::move(token));
  }
  f.add("tokens", Form(std::move(tokens))).add("next", to_form(score.next, tokenizer));
  Form summary;
  summary.add("tokens", score.tokens.size()).add("scored", score.scored()).add("sublayers_skipped", score.skipped);
  summary.add("log_prob", score.log_prob());
  summary.add("mean_log_prob", score.scored() == 0 ? Form() : Form(score.mean_log_prob()));
  summary.add("perplexity", score.scored() == 0 ? Form() : Form(score.perplexity()));
  summary.add("seconds", info.seconds);
  f.add("summary", std::move(summary));
  return f;
}

}  // namespace litestage::cli

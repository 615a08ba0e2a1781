#include "cli/options/score_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/options/machine_options.hpp"
#include "cli/options/option_checks.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/skip/standard.hpp"

namespace litestage::cli {

Command score_command(ScoreOptions& o) {
  Command command("score", "Log-probability of every token of a text, and its perplexity.");
  CLI::App& app = command.app();
  app.add_option("--model", o.model,
                 "A GGUF file, or a folder as on Hugging Face (default: smollm2-135m of examples/get_model.sh)")
      ->type_name("PATH");
  add_lora_option(app, o.lora);
  add_quantize_option(app, o.quantize);
  app.add_option("--text", o.text, "The text to score; names of control tokens in it are plain text")
      ->required()
      ->type_name("FILE");
  app.add_option("--skip", o.skip, "Which sub-layers are skipped (below); the stage's name is score")
      ->type_name("SPEC")
      ->capture_default_str();
  app.add_option("--top", o.top, "Also print the N likeliest tokens at each position")
      ->type_name("N")
      ->check(whole_number(0));
  app.add_option("--tokens", o.tokens, "Score only the first N tokens")->type_name("N")->check(whole_number(1));
  app.add_option("--context", o.context, "Largest number of tokens (default: the model's context)")
      ->type_name("N")
      ->check(whole_number(1));
  app.add_option("--logits", o.logits, "Write all logits: float32 [positions, vocab], row i follows token i")
      ->type_name("FILE.npy");
  app.add_option("--json", o.json, "Write everything as JSON")->type_name("FILE");
  add_backend_option(app, o.backend);
  add_threads_option(app, o.threads);
  add_kv_option(app, o.kv);
  app.add_flag("--no-pack", o.no_pack, "Keep no repacked copy of the weights: less memory, slower, the same numbers");
  app.add_flag("--quiet", o.quiet, "Only the summary");
  app.footer(concat("Skips:\n", describe<skip::Standard>(),
                    "Example: score --text essay.txt --top 3 --skip static:all=m20-m24"));
  return command;
}

}  // namespace litestage::cli

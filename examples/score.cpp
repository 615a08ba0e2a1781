// How likely a model finds a text: the log-probability of every token, perplexity, and what it would rather have had,
// with any sub-layers skipped.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/score_logits_file.hpp"
#include "cli/score_output.hpp"
#include "litestage/backend/cpu.hpp"
#include "litestage/backend/reference.hpp"
#include "litestage/engine/score_text.hpp"
#include "litestage/io/fingerprint.hpp"
#include "litestage/io/json.hpp"
#include "litestage/io/load_model.hpp"
#include "litestage/io/load_vocabulary.hpp"
#include "litestage/io/mapped_file.hpp"
#include "litestage/io/output_file.hpp"
#include "litestage/io/tokenizer.hpp"
#include "litestage/model/model.hpp"
#include "litestage/policy/spec.hpp"
#include "litestage/skip/standard.hpp"

using namespace litestage;

namespace {

struct Options {
  std::string model, text;
  std::string backend = "cpu", kv = "f16", skip = "never";
  std::string logits, json;
  int threads = 0;
  std::size_t top = 0, context = 0, tokens = 0;
  bool no_pack = false, quiet = false;
};

// The ids to be scored. Names of control tokens in the text are plain text.
std::vector<int> read_tokens(const Options& options, const io::Tokenizer& tokenizer, const ModelConfig& config) {
  std::vector<int> ids = tokenizer.encode_prompt({io::TextPart{io::read_file(options.text), false}});
  if (ids.empty()) throw Error(concat(options.text, ": the text is empty, accepted is at least one token"));
  if (options.tokens > 0) ids.resize(std::min(ids.size(), options.tokens));
  const std::size_t limit = options.context > 0 ? options.context : static_cast<std::size_t>(config.max_context);
  if (ids.size() > limit) {
    throw Error(concat(options.text, ": the text has ", ids.size(), " tokens, accepted are ", limit,
                       options.context > 0 ? " (--context)" : " (the model's context)",
                       "; --tokens N scores the first N"));
  }
  for (const int id : ids) {
    if (id >= config.vocab) throw Error(concat(options.model, ": token ", id, " has no row of ", config.vocab));
  }
  return ids;
}

skip::Standard read_skip(const Options& options) {
  const Where where("--skip");
  const skip::Standard skip = read_spec<skip::Standard>(options.skip, where, io::read_json_file);
  for (const std::string& stage : skip.stages_named()) {
    if (stage == score_stage) continue;
    throw Error(concat("--skip: stage \"", stage, "\" is unknown, accepted are all and ", score_stage));
  }
  return skip;
}

template <Backend B>
void run_on(B& backend, const Options& options) {
  const skip::Standard skip = read_skip(options);
  const io::Gguf file(options.model);
  const io::Tokenizer tokenizer(io::load_vocabulary(file), options.model);
  const ModelSource source = io::load_model(file);
  const std::vector<int> ids = read_tokens(options, tokenizer, source.config);
  const Model<B> model = load(backend, source);
  const KvType kv = options.kv == "f16" ? KvType::f16 : KvType::f32;
  Session<B> session(backend, model, SessionOptions{1, ids.size(), kv});

  std::optional<cli::LogitsFile> logits;
  if (!options.logits.empty()) {
    logits.emplace(options.logits, ids.size(), static_cast<std::size_t>(source.config.vocab));
  }
  const auto started = std::chrono::steady_clock::now();
  const TextScore score = score_text(session, ids, skip, ScoreOptions{options.top},
                                     [&](std::size_t, std::span<const typename B::Real> row) {
                                       if (logits) logits->add(row);
                                     });
  cli::ScoreInfo info;
  info.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  info.model = options.model;
  info.fingerprint = io::fingerprint(file);
  info.text = options.text;
  info.backend = backend.name();
  info.instruction_set = backend.instruction_set();
  info.kv = options.kv;
  info.threads = options.threads;
  info.skip = skip.to_form(true);
  if (logits) logits->commit();
  if (!options.json.empty()) io::write_file(options.json, io::to_json(to_form(score, info, tokenizer), 1) + '\n');
  if (!options.quiet) cli::print_tokens(std::cout, tokenizer, score);
  cli::print_summary(std::cout, score, info);
}

void run(Options options) {
  if (options.threads == 0) options.threads = ThreadTeam().size();
  if (options.backend == "reference") {
    ReferenceBackend backend(options.threads);
    run_on(backend, options);
  } else {
    CpuBackend backend(CpuOptions{options.threads, !options.no_pack});
    run_on(backend, options);
  }
}

void declare(CLI::App& app, Options& o) {
  app.add_option("--model", o.model, "A GGUF file")->required()->type_name("FILE");
  app.add_option("--text", o.text, "The text; names of control tokens in it are plain text")
      ->required()
      ->type_name("FILE");
  app.add_option("--skip", o.skip, "Skip policy, e.g. static:all=a3/m4-m9; the stage's name is score")
      ->type_name("SPEC")
      ->capture_default_str();
  app.add_option("--top", o.top, "Also name the N likeliest tokens in each place")->type_name("N");
  app.add_option("--tokens", o.tokens, "Score only the first N tokens")->type_name("N")->check(CLI::PositiveNumber);
  app.add_option("--context", o.context, "Tokens that are accepted (default: what the model was trained for)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--logits", o.logits, "Write all logits: float32 [positions, vocab], row i follows token i")
      ->type_name("FILE.npy");
  app.add_option("--json", o.json, "Write everything as JSON")->type_name("FILE");
  app.add_option("--backend", o.backend, "cpu or reference (double precision, slow)")
      ->check(CLI::IsMember({"cpu", "reference"}))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--threads", o.threads, "Threads (default: one to a hardware thread)")
      ->type_name("T")
      ->check(CLI::Range(1, 1024));
  app.add_option("--kv", o.kv, "How keys and values are kept: f16 or f32")
      ->check(CLI::IsMember({"f16", "f32"}))
      ->type_name("TYPE")
      ->capture_default_str();
  app.add_flag("--no-pack", o.no_pack, "Keep no repacked copy of the weights: less memory, slower, the same numbers");
  app.add_flag("--quiet", o.quiet, "Only the summary");
  app.footer("Example: score --model model.gguf --text essay.txt --top 3 --skip static:all=m20-m24");
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  CLI::App app("Log-probability of every token of a text, and its perplexity.", "score");
  Options options;
  declare(app, options);
  try {
    app.parse(argc, argv);
    run(options);
    if (!std::cout.flush()) throw Error("standard output: cannot be written");
    return 0;
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    std::cerr << "score: " << e.what() << '\n';
    return 1;
  }
}

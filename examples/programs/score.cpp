// Scores a text with a model: the log-probability of every token, perplexity, and the tokens that the model prefers,
// with any sub-layers skipped.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/backend.hpp"
#include "cli/files/save.hpp"
#include "cli/files/score_logits_file.hpp"
#include "cli/files/vocabulary_note.hpp"
#include "cli/load.hpp"
#include "cli/options/command.hpp"
#include "cli/options/defaults.hpp"
#include "cli/options/files.hpp"
#include "cli/options/machine_options.hpp"
#include "cli/options/score_options.hpp"
#include "cli/reports/score_output.hpp"
#include "cli/terminal/interrupt.hpp"
#include "cli/terminal/thread_words.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/model_file.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/io/text/tokenizer.hpp"
#include "litestage/pipeline/score_text.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/standard.hpp"

using namespace litestage;

namespace {

using Options = cli::ScoreOptions;

// The ids to be scored. Names of control tokens in the text are plain text.
std::vector<int> read_tokens(const Options& options, const io::SubwordTokenizer& tokenizer, const ModelConfig& config) {
  std::vector<int> ids = tokenizer.encode_prompt({io::TextPart{.text = io::read_file(options.text), .markup = false}});
  if (ids.empty()) throw Error(concat(options.text, ": the text is empty, expected at least one token"));
  if (options.tokens > 0) ids.resize(std::min(ids.size(), options.tokens));
  const std::size_t limit = options.context > 0 ? options.context : static_cast<std::size_t>(config.max_context);
  if (ids.size() > limit) {
    throw Error(concat(options.text, ": the text has ", ids.size(), " tokens, expected ", limit,
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
  skip::Standard skip = read_spec<skip::Standard>(options.skip, where, io::read_json_file);
  for (const std::string& stage : skip.stages_named()) {
    if (stage == score_stage) continue;
    throw Error(concat("--skip: stage ", in_quotes(stage), " is unknown, expected all or ", score_stage));
  }
  return skip;
}

// The text and the settings. All input errors are found here, before weights are loaded.
struct Job {
  explicit Job(const Options& o)
      : options(o),
        skip(read_skip(o)),
        model(o.model, {}, cli::weight_options(o.lora, o.quantize, o.threads)),
        ids(read_tokens(o, tokenizer(), model.config())) {
    cli::warn_of_open_splitting(model);
    // Throws if the policy does not fit the model.
    static_cast<void>(skip.begin(RequestInfo{.n_layers = model.config().n_layers, .stage_name = score_stage}));
  }

  [[nodiscard]] const io::SubwordTokenizer& tokenizer() const { return model.tokenizer()->tokenizer(); }

  Options options;
  skip::Standard skip;
  io::ModelFile model;
  std::vector<int> ids;
};

template <Backend B>
void run_on(std::shared_ptr<B> shared, const Job& job) {
  const Options& o = job.options;
  const LanguageModel<B> model = cli::load_model(job.model, std::move(shared), o.quiet);
  const B& backend = model.backend();
  Session<B> session(model.backend(), model.weights(), {.capacity = job.ids.size(), .kv = cli::kv_type(o.kv)});
  std::optional<cli::LogitsFile> logits;
  if (!o.logits.empty()) {
    logits.emplace(o.logits, job.ids.size(), static_cast<std::size_t>(model.config().vocab));
  }
  const auto start = std::chrono::steady_clock::now();
  const TextScore score = score_text(session, job.ids, job.skip, ScoreOptions{o.top},
                                     [&](std::size_t, std::span<const typename B::Real> row) {
                                       if (logits) logits->add(row);
                                       if (cli::interrupted()) throw cli::Interrupted{};
                                     });
  cli::ScoreInfo info;
  info.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  info.model = job.model.name();
  if (!o.json.empty()) info.fingerprint = model.identity().fingerprint;  // reads the whole file
  info.text = o.text;
  info.backend = backend.name();
  info.instruction_set = backend.instruction_set();
  info.kv = o.kv;
  info.threads = cli::threads_of(backend);
  info.skip = job.skip.to_form(true);
  if (!o.quiet) cli::print_tokens(std::cout, job.tokenizer(), score);
  cli::print_summary(std::cout, score, info);
  std::cout << std::flush;
  cli::Failures failures;
  failures.attempt([&] {
    if (!o.json.empty()) cli::save("--json", o.json, io::to_json(to_form(score, info, job.tokenizer()), 1) + '\n');
  });
  failures.attempt([&] {
    if (logits) logits->commit();
  });
  failures.report();
}

int run(Options options) {
  options.model = cli::model_path(options.model);
  cli::Files files;
  files.reads_model(options.model)
      .reads_adapters(options.lora)
      .reads("--text", options.text)
      .reads_spec("--skip", options.skip);
  files.writes("--logits", options.logits).writes("--json", options.json).check();
  const Job job(options);
  cli::with_backend(options.backend, options.threads, !options.no_pack,
                    [&](const auto& backend) { run_on(backend, job); });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return cli::score_command(options).run(argc, argv, [&] { return run(options); });
}

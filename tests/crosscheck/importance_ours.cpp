// Measures the importance of a model's sub-layers for importance.py, which builds and runs it. Writes one JSON object:
// what calibrate/importance/importance.hpp says, and the tokens of every prompt that it is of,
// [stages][questions][branches].
//
//   importance_ours MODEL cpu|reference QUESTIONS N CAP      N questions, CAP tokens to each stage at most
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/calibrate/importance/measure_importance.hpp"
#include "litestage/io/files/dataset.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/model_source.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/stages/tiny_thinker.hpp"
#include "litestage/tasks/subset.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;

namespace {

// What the stage was asked, from what the stages before it wrote.
Form prompts(const stages::TinyThinker& schedule, std::size_t stage, const Question& question,
             const QuestionReport& report, const io::TextCodec& codec) {
  Transcript transcript{question, {}};
  for (std::size_t i = 0; i < stage; ++i) {
    transcript.outputs.emplace_back();
    for (const BranchReport& b : report.stages[i].branches) transcript.outputs.back().push_back(b.text);
  }
  Form::List branches;
  for (const Prompt& prompt : schedule.prompts(stage, transcript)) {
    Form::List tokens;
    for (const int token : codec.encode(prompt)) tokens.emplace_back(token);
    branches.emplace_back(std::move(tokens));
  }
  return Form(std::move(branches));
}

template <Backend B>
Form measure(B backend, KvType kv, const std::string& path, const std::vector<Question>& questions, int cap) {
  const io::Gguf file(path);
  const io::TextCodec codec(io::read_vocabulary(file), path);
  const auto model = load(backend, io::read_model_source(path));
  const stages::TinyThinker schedule{cap, cap, cap};
  std::vector<QuestionReport> reports(questions.size());
  PipelineOptions options;
  options.kv = kv;
  const auto importance = calibrate::measure_importance(LanguageModel(backend, model, codec), schedule, questions,
                                                        options, [&](std::size_t i, const QuestionReport& report) {
                                                          reports[i] = report;
                                                          return true;
                                                        });
  Form::List stages;
  for (std::size_t s = 0; s < schedule.size(); ++s) {
    Form::List list;
    for (std::size_t q = 0; q < questions.size(); ++q) {
      list.push_back(prompts(schedule, s, questions[q], reports[q], codec));
    }
    stages.emplace_back(std::move(list));
  }
  Form result;
  result.add("fingerprint", io::fingerprint(file)).add("importance", write_fields(importance.value()));
  result.add("ranking", write_value(calibrate::sublayer_names(importance->ranking()), true));
  return result.add("prompts", Form(std::move(stages)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 6) throw Error("expected five arguments: MODEL cpu|reference QUESTIONS N CAP");
    const std::string path = argv[1], backend = argv[2];
    const auto all = tasks::parse_questions(tasks::find_task("choice"), io::read_records(argv[3]));
    const auto questions = tasks::first_questions(all, std::stoul(argv[4]));
    const int cap = std::stoi(argv[5]);
    const Form result = backend == "reference" ? measure(ReferenceBackend(), KvType::f32, path, questions, cap)
                                               : measure(CpuBackend(CpuOptions{1}), KvType::f16, path, questions, cap);
    std::cout << io::to_json(result) << '\n';
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "importance_ours: " << e.what() << '\n';
    return 1;
  }
}

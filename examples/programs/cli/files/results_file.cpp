#include "cli/files/results_file.hpp"

#include <utility>

#include "cli/files/save.hpp"
#include "litestage/evaluate/results_form.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::cli {

namespace {

// Settings beyond the policies. Readers ignore those that they do not know.
Form settings_form(const Options& o, const calibrate::PlanKernels& kernels) {
  Form f;
  f.add("instruction_set", kernels.instruction_set).add("threads", kernels.threads).add("pack", !o.no_pack);
  f.add("batch", o.batch).add("context", o.context).add("kv", o.kv).add("metric", o.metric);
  f.add("temperature", o.temperature).add("top_k", o.top_k).add("top_p", o.top_p);
  f.add("chat_template", o.chat.chat_template).add("quantize", o.quantize);
  if (!o.lora.empty()) f.add("lora", joined(o.lora));
  if (!o.chat.template_variables.empty()) f.add("template_variables", joined(o.chat.template_variables));
  return f;
}

}  // namespace

void write_results(const Job& job, const calibrate::PlanKernels& kernels, const std::string& answering,
                   std::vector<evaluate::RecordedAnswer> answers, std::size_t asked, double clock_s) {
  const Options& o = job.options;
  if (o.json.empty()) return;
  evaluate::Results results;
  results.info.method = o.method.empty() ? method_name(job.policies) : o.method;
  results.info.model = job.model.name();
  results.info.backend = kernels.backend;
  results.info.task = job.questions.task;
  results.info.data = job.questions.file;
  results.info.answering = answering;
  results.info.policies = policies_form(job.policies);
  results.info.seed = o.seed;
  results.info.asked = asked;
  results.info.clock_s = clock_s;
  results.answers = std::move(answers);
  Form form = evaluate::to_form(results);
  form.add("model_fingerprint", job.model.identity().fingerprint).add("settings", settings_form(o, kernels));
  save("--json", o.json, io::to_json(form, 1) + "\n");
}

}  // namespace litestage::cli

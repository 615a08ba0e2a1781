#include "cli/plan_file.hpp"

#include <filesystem>
#include <iostream>

#include "cli/save.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/gguf/fingerprint.hpp"
#include "litestage/io/gguf/load_vocabulary.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/tasks/subset.hpp"

namespace litestage::cli {

std::string file_fingerprint(const std::string& path) {
  Fnv1a hash;
  hash.add(io::read_file(path));
  return hexadecimal(hash.value());
}

calibrate::Plan read_plan(const std::string& path) {
  return calibrate::plan_from_form(io::read_json_file(path), path);
}

stages::Standard plan_stages(const calibrate::Plan& plan, const std::string& path) {
  return read_value<stages::Standard>(plan.stages, Where(path).at("stages"));
}

void check_plan_stages(const stages::Standard& stages, const calibrate::Plan& plan, const std::string& path) {
  const stages::Standard own = plan_stages(plan, path);
  if (stages == own) return;
  throw Error(concat("--stages: found ", to_spec(stages), ", accepted is ", to_spec(own), ", the schedule of ", path));
}

void write_plan(const std::string& path, const calibrate::Plan& plan) {
  save("--plan", path, io::to_json(calibrate::to_form(plan), 1) + "\n");
}

calibrate::PlanFacts plan_facts(const Job& job, const BackendFacts& backend) {
  Fnv1a tokenizer;
  const io::Vocabulary vocabulary = io::load_vocabulary(job.file);
  for (const std::string& token : vocabulary.tokens) tokenizer.add(token + '\n');
  for (const std::string& merge : vocabulary.merges) tokenizer.add(merge + '\n');
  tokenizer.add(vocabulary.pre + '\n' + vocabulary.chat_template + '\n' + job.options.chat_template);
  const KvType kv = job.options.kv == "f32" ? KvType::f32 : KvType::f16;
  return {model_fingerprint(job),
          hexadecimal(tokenizer.value()),
          {backend.name, backend.instruction_set, backend.threads, kv},
          io::sampled_fingerprint(job.file)};
}

void warn_of_sampled_model(const calibrate::Plan& plan, const calibrate::PlanFacts& facts, const std::string& path) {
  if (const auto sentence = calibrate::sampled_model(plan, facts, Where(path)))
    std::cerr << "warning: " << *sentence << std::endl;
}

calibrate::PlanData plan_data(const Job& job) {
  calibrate::PlanData data;
  data.task = job.options.task;
  data.file = std::filesystem::path(job.data).filename().string();
  data.fingerprint = file_fingerprint(job.data);

  for (const Question& q : job.questions) {
    data.ids.push_back(q.id);
    data.contents.push_back(tasks::content_hash(q));
  }
  return data;
}

std::string questions_fingerprint(const std::vector<Question>& questions) {
  Fnv1a hash;
  for (const Question& q : questions) {
    hash.add_whole(q.id);
    hash.add_whole(q.stem);
    hash.add(concat(q.options.size(), ":", q.gold, ":"));
    for (const std::string& option : q.options) hash.add_whole(option);
  }
  return hexadecimal(hash.value());
}

}  // namespace litestage::cli

#include "cli/files/plan_file.hpp"

#include <iostream>
#include <string_view>

#include "cli/files/save.hpp"
#include "cli/options/policies.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"

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
  const std::string found = schedule_words(stages), expected = schedule_words(own);
  const std::string_view other = found == expected ? " and other texts or limits" : "";
  throw Error(concat("--stages: found ", found, other, ", expected ", expected, ", the schedule of ", path));
}

void write_plan(const std::string& path, const calibrate::Plan& plan) {
  save("--plan", path, io::to_json(calibrate::to_form(plan), 1) + "\n");
}

void warn_of_sampled_model(const calibrate::Plan& plan, const calibrate::PlanFacts& facts, const std::string& path) {
  if (const auto sentence = calibrate::sampled_model(plan, facts, Where(path)))
    std::cerr << "warning: " << *sentence << std::endl;
}

}  // namespace litestage::cli

#include "cli/options/policies.hpp"

#include <cstddef>
#include <variant>

#include "litestage/io/files/json.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/settings/describe.hpp"
#include "litestage/settings/spec.hpp"

namespace litestage::cli {

stages::Standard read_stages(const std::string& spec, const std::string& option) {
  return read_spec<stages::Standard>(spec, option, io::read_json_file);
}

std::string schedule_words(const stages::Standard& stages) {
  if (!std::holds_alternative<stages::Custom>(stages.active())) return to_spec(stages);
  return concat(stages.active_name(), " with ", joined(stage_names(stages)));
}

Policies read_policies(const stages::Standard& stages, const std::string& skip, const std::string& exit) {
  Policies p{stages, read_spec<skip::Standard>(skip, "--skip", io::read_json_file),
             read_spec<early_exit::Standard>(exit, "--exit", io::read_json_file)};
  p.skip.visit([&](const auto& policy) { check_stages(policy, p.stages, "--skip"); });
  check_stages(p.exit, p.stages, "--exit");
  return p;
}

void check_layers(const Policies& p, int n_layers) {
  for (std::size_t i = 0; i < p.stages.size(); ++i) {
    const StageInfo stage = p.stages.stage(i);
    static_cast<void>(p.skip.begin(RequestInfo{.n_layers = n_layers,
                                               .stage = static_cast<int>(i),
                                               .stage_name = stage.name,
                                               .max_new_tokens = stage.max_new_tokens}));
  }
}

Form policies_form(const Policies& p) {
  return Form(
      Form::Map{{"stages", p.stages.to_form(true)}, {"skip", p.skip.to_form(true)}, {"exit", p.exit.to_form(true)}});
}

std::string method_name(const Policies& p) {
  const bool skips = p.skip.active_name() != skip::Never::name, exits = p.exit.active_name() != early_exit::Never::name;
  if (!skips && !exits) return "full depth";
  return concat(skips ? p.skip.active_name() : "", skips && exits ? " + " : "", exits ? p.exit.active_name() : "");
}

std::string policy_help() {
  return concat("SPEC: NAME or NAME:KEY=VALUE,KEY=VALUE, lists as a/b/c, or @FILE with the same in JSON. Stages:\n",
                describe<stages::Standard>(), "Skips:\n", describe<skip::Standard>(), "Exits:\n",
                describe<early_exit::Standard>());
}

}  // namespace litestage::cli

// The three policies of a run, from their SPEC strings; and all that can be found wrong with them before a model works.
#pragma once

#include <cstddef>
#include <string>

#include "litestage/core/form.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/io/json.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/policy/describe.hpp"
#include "litestage/policy/spec.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::cli {

struct Policies {
  stages::Standard stages;
  skip::Standard skip;
  early_exit::Standard exit;
};

[[nodiscard]] inline Policies read_policies(const std::string& stages, const std::string& skip,
                                            const std::string& exit) {
  Policies p{read_spec<stages::Standard>(stages, "--stages", io::read_json_file),
             read_spec<skip::Standard>(skip, "--skip", io::read_json_file),
             read_spec<early_exit::Standard>(exit, "--exit", io::read_json_file)};
  p.skip.visit([&](const auto& policy) { check_stages(policy, p.stages, "--skip"); });
  return p;
}

// A skip policy that names a layer the model lacks says so when a request begins: begin one of each stage.
inline void check_layers(const Policies& p, int n_layers) {
  for (std::size_t i = 0; i < p.stages.size(); ++i) {
    const StageInfo stage = p.stages.stage(i);
    static_cast<void>(p.skip.begin(RequestInfo{n_layers, static_cast<int>(i), stage.name, stage.max_new_tokens}));
  }
}

[[nodiscard]] inline Form policies_form(const Policies& p) {
  return Form(
      Form::Map{{"stages", p.stages.to_form(true)}, {"skip", p.skip.to_form(true)}, {"exit", p.exit.to_form(true)}});
}

// What tables call a run with these policies.
[[nodiscard]] inline std::string method_name(const Policies& p) {
  const bool skips = p.skip.active_name() != skip::Never::name, exits = p.exit.active_name() != early_exit::Never::name;
  if (!skips && !exits) return "full depth";
  return concat(skips ? p.skip.active_name() : "", skips && exits ? " + " : "", exits ? p.exit.active_name() : "");
}

[[nodiscard]] inline std::string policy_help() {
  return concat("SPEC: NAME or NAME:KEY=VALUE,KEY=VALUE, lists as a/b/c, or @FILE with the same in JSON. Stages:\n",
                describe<stages::Standard>(), "Skips:\n", describe<skip::Standard>(), "Exits:\n",
                describe<early_exit::Standard>());
}

}  // namespace litestage::cli

// The three policies of a run, from their SPEC strings; and all that can be found wrong with them before a model works.
#pragma once

#include <string>

#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::cli {

struct Policies {
  stages::Standard stages;
  skip::Standard skip;
  early_exit::Standard exit;
};

[[nodiscard]] Policies read_policies(const std::string& stages, const std::string& skip, const std::string& exit);
// A skip policy that names a layer the model lacks says so when a request begins: begin one of each stage.
void check_layers(const Policies& policies, int n_layers);
[[nodiscard]] Form policies_form(const Policies& policies);
// What tables call a run with these policies.
[[nodiscard]] std::string method_name(const Policies& policies);
[[nodiscard]] std::string policy_help();

}  // namespace litestage::cli

// The three policies of a run, made from their SPEC strings, and their checks before a model runs.
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

[[nodiscard]] stages::Standard read_stages(const std::string& spec, const std::string& option = "--stages");
[[nodiscard]] Policies read_policies(const stages::Standard& stages, const std::string& skip, const std::string& exit);
// The SPEC of a schedule, or for a schedule that only a file can hold, its name and its stages.
[[nodiscard]] std::string schedule_words(const stages::Standard& stages);
// Begins a request in each stage, because a skip policy that names a layer the model lacks reports it then.
void check_layers(const Policies& policies, int n_layers);
[[nodiscard]] Form policies_form(const Policies& policies);
// The name of a run with these policies in tables.
[[nodiscard]] std::string method_name(const Policies& policies);
[[nodiscard]] std::string policy_help();

}  // namespace litestage::cli

#include "litestage/io/adapters/peft_config.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <string>

#include "common/adapter_writer.hpp"
#include "common/error_of.hpp"
#include "common/folder_writer.hpp"

using namespace litestage;
using test::says;
using test::with;

namespace {

io::PeftConfig read_with(const std::string& key, const std::optional<Form>& value) {
  return io::read_peft_config(with(test::peft_config(8, 16), key, value), "c.json");
}

std::string config_error(const std::string& key, const std::optional<Form>& value) {
  return test::error_of([&] { static_cast<void>(read_with(key, value)); });
}

Form object_of(const std::string& key, const Form& value) {
  Form form;
  form.add(key, value);
  return form;
}

}  // namespace

TEST_CASE("the scale is alpha by rank, or by its root") {
  CHECK(io::peft_scale(read_with("use_rslora", std::nullopt), "m", 8) == 2);
  CHECK(io::peft_scale(read_with("use_rslora", Form(true)), "m", 8) == 16 / std::sqrt(8.0));
  CHECK(io::peft_scale(read_with("lora_alpha", Form(0)), "m", 8) == 0);
  CHECK(io::peft_scale(read_with("lora_alpha", Form(-4.5)), "m", 8) == -4.5 / 8);
}

TEST_CASE("modules may have ranks and alphas of their own, by the end of their names or by the whole") {
  Form alphas;
  alphas.add("^model.layers.0.mlp.up_proj", 1).add("mlp\\.up_proj", 2).add("q_proj", 4);
  const io::PeftConfig config = read_with("alpha_pattern", alphas);
  CHECK(io::peft_scale(config, "model.layers.0.mlp.up_proj", 8) == 0.125);
  CHECK(io::peft_scale(config, "model.layers.1.mlp.up_proj", 8) == 0.25);
  CHECK(io::peft_scale(config, "q_proj", 8) == 0.5);
  CHECK(io::peft_scale(config, "model.layers.1.q_proj", 8) == 0.5);
  CHECK(io::peft_scale(config, "model.layers.1.aq_proj", 8) == 2);
  CHECK(io::peft_scale(config, "x.model.layers.0.mlp.up_proj", 8) == 0.25);
  const io::PeftConfig ranks = read_with("rank_pattern", object_of("q_proj", Form(4)));
  CHECK(io::peft_scale(ranks, "a.q_proj", 4) == 4);
  CHECK(io::peft_scale(ranks, "a.k_proj", 8) == 2);
  CHECK(test::error_of([&] { static_cast<void>(io::peft_scale(ranks, "a.q_proj", 8)); }) ==
        "c.json: the rank of \"a.q_proj\" is 4, expected 8, the rank of its tensors");
  CHECK(says(config_error("alpha_pattern", object_of("(a+)+$", Form(4))),
             "c.json: key alpha_pattern has the pattern \"(a+)+$\", expected the name of a module or its end"));
  CHECK(says(config_error("rank_pattern", object_of("q", Form("x"))), "c.json: key rank_pattern: \"q\" is a string"));
}

TEST_CASE("initialisations that leave the base model as it is are read, others refused") {
  for (const char* name : {"eva", "gaussian", "mica", "orthogonal"})
    CHECK(read_with("init_lora_weights", name).rank == 8);
  CHECK(read_with("init_lora_weights", Form(false)).rank == 8);
  CHECK(config_error("init_lora_weights", "pissa_niter_4") ==
        "c.json: key init_lora_weights is \"pissa_niter_4\", expected eva, gaussian, mica, orthogonal, true or false, "
        "which leave the base model's weights as they are");
}

TEST_CASE("what no merge can give is refused by name") {
  CHECK(config_error("peft_type", "IA3") == "c.json: key peft_type is \"IA3\", expected LORA");
  CHECK(config_error("peft_type", std::nullopt) == "c.json: key peft_type is missing");
  CHECK(config_error("bias", "lora_only") == "c.json: key bias is \"lora_only\", expected none");
  CHECK(config_error("lora_alpha", std::nullopt) == "c.json: key lora_alpha is missing");
  CHECK(config_error("r", std::nullopt) == "c.json: key r is missing");
  CHECK(says(config_error("r", Form(0)), "c.json: key r is 0, expected 1 to"));
  for (const char* key : {"use_dora", "fan_in_fan_out", "lora_bias", "use_qalora"})
    CHECK(config_error(key, Form(true)) == std::string("c.json: key ") + key + " is true, expected false");
  const Form list{Form::List{Form("lm_head")}};
  for (const char* key : {"modules_to_save", "layer_replication", "trainable_token_indices", "target_parameters",
                          "alora_invocation_tokens"}) {
    CHECK(config_error(key, list) ==
          std::string("c.json: key ") + key + " is given, expected null: an adapter with it cannot be merged");
    CHECK(read_with(key, Form(Form::List{})).rank == 8);
  }
  CHECK(config_error("velora_config", object_of("scale", Form(1))) == "c.json: key velora_config is not supported");
  CHECK(config_error("a_new_option", Form(true)) == "c.json: key a_new_option is not supported");
  CHECK(says(test::error_of([] { static_cast<void>(io::read_peft_config(Form(Form::List{}), "c.json")); }),
             "c.json is a list, expected an object"));
}

"""Writes the models of transformers_models.py as GGUF files in F32, in the form that llama.cpp's converter gives them
(ggml-org/llama.cpp conversion/*.py): rows of Q and K in pairs for llama and smollm3, Gemma's norms with 1 added,
divisors of frequencies as tensors. Mistral's window, which that converter leaves out, has the key of other families.
Nothing here is shared with our readers."""

import math
import re

PARTS = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "self_attn.qkv_proj": "attn_qkv", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm"}
WHOLE = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}


def has_no_key_for(case):
    """What a configuration says that no GGUF file can, or nothing."""
    settings, scaling = case.config, case.config.get("rope_scaling", {})
    if case.family in ("qwen2", "qwen3", "smollm3") and settings.get("use_sliding_window"):
        return "windows"
    if {"beta_fast", "mscale", "attention_factor"} & scaling.keys() and scaling.get("rope_type") == "yarn":
        return "settings of YaRN"
    if case.family == "smollm3" and {"no_rope_layers", "no_rope_layer_interval"} & settings.keys():
        return "layers without RoPE"
    if case.family == "gemma3" and settings.get("query_pre_attn_scalar", 256) != settings["head_dim"]:
        return "query_pre_attn_scalar"
    return ""


def gguf_name(family, name):
    if name in WHOLE:
        return WHOLE[name]
    layer, module, kind = re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.(weight|bias)", name).groups()
    part = "post_attention_norm" if (family, module) == ("gemma3", "post_attention_layernorm") else PARTS[module]
    return f"blk.{layer}.{part}.{kind}"


def in_pairs(values, heads):
    """Row 2 j + s of a head is row s d / 2 + j of it in transformers."""
    return values.reshape(heads, 2, values.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(values.shape)


def llama3_divisors(scaling, base, dim):
    original, low, high = (scaling[key] for key in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
    divisors = []
    for i in range(dim // 2):
        turns = original / (2 * math.pi * base ** (2 * i / dim))  # over the original context
        share = min(max((turns - low) / (high - low), 0), 1)
        divisors.append(1 / ((1 - share) / scaling["factor"] + share))
    return divisors


def add_rope(writer, case, head_dim):
    import numpy as np

    settings, arch = case.config, writer.arch
    scaling = settings.get("rope_scaling", {})
    kind = scaling.get("rope_type", scaling.get("type"))
    default = {"smollm3": 2e6, "gemma3": 1e6}.get(case.family, 1e4)
    base, dim = settings.get("rope_theta", default), int(head_dim * settings.get("partial_rotary_factor", 1))
    writer.add_float32(f"{arch}.rope.freq_base", base)
    writer.add_uint32(f"{arch}.rope.dimension_count", dim)
    if kind in ("linear", "yarn"):
        writer.add_string(f"{arch}.rope.scaling.type", kind)
        writer.add_float32(f"{arch}.rope.scaling.factor", scaling["factor"])
    if kind == "yarn":
        writer.add_uint32(f"{arch}.rope.scaling.original_context_length", scaling["original_max_position_embeddings"])
    if kind == "llama3":
        writer.add_tensor("rope_freqs.weight", np.array(llama3_divisors(scaling, base, dim), np.float32))
    if kind == "longrope":
        original = settings["original_max_position_embeddings"]
        factor = scaling.get("factor", settings["max_position_embeddings"] / original)
        magnitude = scaling.get("attention_factor", math.sqrt(1 + math.log(factor) / math.log(original)))
        writer.add_uint32(f"{arch}.rope.scaling.original_context_length", original)
        writer.add_float32(f"{arch}.rope.scaling.attn_factor", magnitude)
        for length in ("short", "long"):
            writer.add_tensor(f"rope_factors_{length}.weight", np.array(scaling[f"{length}_factor"], np.float32))


def add_keys(writer, case, config, head_dim):
    settings, arch = case.config, writer.arch
    for key, value in (("block_count", config.num_hidden_layers), ("embedding_length", config.hidden_size),
                       ("feed_forward_length", config.intermediate_size), ("context_length", config.max_position_embeddings),
                       ("attention.head_count", config.num_attention_heads), ("attention.head_count_kv", config.num_key_value_heads),
                       ("attention.key_length", head_dim), ("attention.value_length", head_dim)):
        writer.add_uint32(f"{arch}.{key}", value)
    writer.add_float32(f"{arch}.attention.layer_norm_rms_epsilon", config.rms_norm_eps)
    if case.family in ("mistral", "gemma3", "phi3"):
        writer.add_uint32(f"{arch}.attention.sliding_window", settings.get("sliding_window") or 0)
    if case.family == "gemma3":
        writer.add_float32(f"{arch}.rope.freq_base_swa", settings.get("rope_local_base_freq", 1e4))
        period = settings["layer_types"].index("full_attention") + 1 if "layer_types" in settings else 6
        writer.add_uint32(f"{arch}.attention.sliding_window_pattern", settings.get("sliding_window_pattern", period))
        if "final_logit_softcapping" in settings:
            writer.add_float32(f"{arch}.final_logit_softcapping", settings["final_logit_softcapping"])


def add_tokenizer(writer, tokenizer, merges, vocab):
    tokens = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    words = tokenizer.get_vocab_size(with_added_tokens=False)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens + [f"[PAD{i}]" for i in range(len(tokens), vocab)])
    writer.add_token_types([1 if i < words else 3 if i < len(tokens) else 5 for i in range(vocab)])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index("<|end|>"))


def write_gguf(case, model, tokenizer, merges, path):
    """`model`: of transformers, in F32."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "llama" if case.family == "mistral" else case.family)
    config = model.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    add_keys(writer, case, config, head_dim)
    add_rope(writer, case, head_dim)
    add_tokenizer(writer, tokenizer, merges, config.vocab_size)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, parameter in model.named_parameters():
        values, module = parameter.detach().numpy(), name.split(".")[-2]
        if module in heads and case.family in ("llama", "mistral", "smollm3"):
            values = in_pairs(values, heads[module])
        if case.family == "gemma3" and name.endswith("norm.weight"):
            values = values + np.float32(1)
        writer.add_tensor(gguf_name(case.family, name), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

"""LoRA adapters of random numbers for models of transformers_models.py, made, saved and read by the library peft."""

import zlib

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ALL = {"target_modules": PROJECTIONS, "r": 4, "lora_alpha": 7}
LLAMA, LLAMA_TIED = ("llama", "untied, no scaling"), ("llama", "tied, 1 K/V head, head_dim 20, llama3 scaling")
QWEN2, QWEN2_TIED = ("qwen2", "untied"), ("qwen2", "tied, 1 K/V head, base 1e6")
PHI3, SMOLLM3 = ("phi3", "no scaling"), ("smollm3", "tied, fourth layer without RoPE")
# PEFT takes the first pattern that fits, in the order of the file, which has them sorted.
PATTERNS = {"rank_pattern": {"q_proj": 2, "layers.1.mlp.down_proj": 7, "^model.layers.0.self_attn.v_proj": 3},
            "alpha_pattern": {"self_attn.q_proj": 5, r"mlp\.gate_proj": 3, "layers.2.mlp.gate_proj": 11, "model.layers.3.mlp.up_proj": 1.5}}


class Adapter:
    """`base`: family and configuration of the model; `settings`: of one LoraConfig, or of several, whose adapters
    are added up; `dtype`: in which the numbers are saved; `merges`: whether merge_and_unload gives what the adapter gave. It does
    not where embedding and head share a matrix that it changes in place, once for each adapter of the two."""

    def __init__(self, base, what, *settings, dtype="float32", merges=True):
        self.base, self.what, self.settings, self.dtype, self.merges = base, what, settings, dtype, merges


READ = [
    *(Adapter(base, "all projections", ALL) for base in (LLAMA, LLAMA_TIED, QWEN2, QWEN2_TIED, SMOLLM3)),
    *(Adapter(base, "use_rslora", {**ALL, "r": 6, "use_rslora": True}) for base in (LLAMA, QWEN2)),
    *(Adapter(base, "rank_pattern and alpha_pattern", {**ALL, **PATTERNS}) for base in (LLAMA, QWEN2)),
    Adapter(LLAMA, "patterns with use_rslora, BF16", {**ALL, **PATTERNS, "use_rslora": True}, dtype="bfloat16"),
    Adapter(PHI3, "all-linear: fused projections, F16", {**ALL, "target_modules": "all-linear"}, dtype="float16"),
    Adapter(QWEN2, "modules by an expression, not all layers", {**ALL, "target_modules": r".*\.(q|up)_proj", "exclude_modules": ["0.mlp.up_proj"]}),
    Adapter(LLAMA, "two of four layers, rank 1", {**ALL, "r": 1, "layers_to_transform": [1, 3], "lora_dropout": 0.1}),
    *(Adapter(LLAMA, f"init_lora_weights {name}", {**ALL, "init_lora_weights": name}) for name in ("gaussian", "orthogonal", "mica")),
    Adapter(QWEN2, "embedding and head", {**ALL, "target_modules": [*PROJECTIONS, "embed_tokens", "lm_head"]}),
    Adapter(QWEN2_TIED, "embedding of a shared matrix", {**ALL, "target_modules": ["q_proj", "embed_tokens"]}, merges=False),
    Adapter(QWEN2_TIED, "ensure_weight_tying", {**ALL, "target_modules": ["q_proj", "embed_tokens"], "ensure_weight_tying": True},
            merges=False),
    Adapter(LLAMA, "two adapters", ALL, {**ALL, "target_modules": ["q_proj", "down_proj"], "r": 9, "lora_alpha": 4}),
]

# Options whose adapters are refused: {option: (its value, words of the message)}. The name of a class stands for an object
# of it.
REFUSED = {
    "use_dora": (True, "key use_dora is true"),
    "bias": ("lora_only", 'key bias is "lora_only"'),
    "lora_bias": (True, "key lora_bias is true"),
    "modules_to_save": (["lm_head"], "key modules_to_save is given"),
    "trainable_token_indices": ([1, 5], "key trainable_token_indices is given"),
    "layer_replication": ([[0, 2], [1, 4]], "key layer_replication is given"),
    "alora_invocation_tokens": ([3], "key alora_invocation_tokens is given"),
    "init_lora_weights": ("pissa", 'key init_lora_weights is "pissa"'),
    "rank_pattern": ({"(q|k)_proj": 2}, 'key rank_pattern has the pattern "(q|k)_proj"'),
    "kasa_config": ("KasaConfig", "key kasa_config is not supported"),
    "velora_config": ("VeloraConfig", "key velora_config is not supported"),
    "monteclora_config": ("MontecloraConfig", "key monteclora_config is not supported"),
    "use_bdlora": ("BdLoraConfig", "key use_bdlora is not supported"),
}


def refused_settings(option):
    import peft.tuners.lora.config as classes

    value = REFUSED[option][0]
    if isinstance(value, str) and value.endswith("Config"):
        value = getattr(classes, value)(**({"match_strict": False} if value == "BdLoraConfig" else {}))
    return {**ALL, option: value}


def randomise(model, seed):
    """PEFT's B is 0, or its A in MiCA: such an adapter would change nothing."""
    import numpy as np
    import torch

    numbers = np.random.default_rng(seed)
    for name, parameter in sorted(model.named_parameters()):
        if ".lora_" in name:
            values = numbers.standard_normal(tuple(parameter.shape), dtype=np.float32) * 0.1
            with torch.no_grad():
                parameter.copy_(torch.from_numpy(values))


def write_adapter(model, settings, dtype, folder):
    """An adapter for a model, which it changes, as `save_pretrained` writes it."""
    import peft
    import torch

    adapted = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
    randomise(adapted, zlib.crc32(repr(settings).encode()))
    adapted.to(getattr(torch, dtype)).save_pretrained(folder)


def with_adapters(model, folders):
    """The model with all the adapters, which are added up."""
    import peft

    adapted = peft.PeftModel.from_pretrained(model, folders[0], adapter_name="0")
    for i, folder in enumerate(folders[1:]):
        adapted.load_adapter(folder, adapter_name=f"{i + 1}")
    adapted.base_model.set_adapter([f"{i}" for i in range(len(folders))])
    return adapted.eval()

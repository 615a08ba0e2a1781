#!/usr/bin/env python3
"""Writes a LoRA adapter of random numbers as PEFT does: a folder with adapter_config.json and adapter_model.safetensors.

    tests/peft_adapter.py FOLDER RANK MODULE=OUTPUTSxINPUTS...   (model.layers.0.self_attn.q_proj=576x576)
"""

import json
import pathlib
import random
import struct
import sys


def factor(numbers, count):
    return struct.pack(f"<{count}f", *(numbers.gauss(0, 0.05) for _ in range(count)))


def main():
    folder, rank, modules = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    numbers, header, data = random.Random(1), {}, b""
    for module in modules:
        name, shape = module.split("=")
        outputs, inputs = (int(size) for size in shape.split("x"))
        for letter, rows, columns in ("A", rank, inputs), ("B", outputs, rank):
            tensor = factor(numbers, rows * columns)
            header[f"base_model.model.{name}.lora_{letter}.weight"] = {
                "dtype": "F32", "shape": [rows, columns], "data_offsets": [len(data), len(data) + len(tensor)]}
            data += tensor
    text = json.dumps(header).encode()
    config = {"base_model_name_or_path": None, "bias": "none", "fan_in_fan_out": False, "inference_mode": True,
              "init_lora_weights": True, "lora_alpha": 2 * rank, "lora_dropout": 0.0, "modules_to_save": None,
              "peft_type": "LORA", "r": rank, "target_modules": [module.split("=")[0] for module in modules],
              "task_type": "CAUSAL_LM", "use_dora": False, "use_rslora": False}
    folder.mkdir(exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True))


main()

#!/usr/bin/env python3
"""Compares the dequantisation of random blocks of every weight type with that of the Python package gguf.

Needs: pip install gguf numpy. All bytes of a block are random but for the scales, which are finite halves, and for the
exponents of MXFP4 from 0 to 252.

    dequantise_types.py                    compare
    dequantise_types.py --literals TYPE    one block as tests/core/quant_blocks.cpp lists it
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from racing import build_ours

# Of each type: columns and bytes of a block, and where its halves are.
TYPES = {"Q8_0": (32, 34, [0]), "Q4_0": (32, 18, [0]), "Q4_1": (32, 20, [0, 2]), "Q5_0": (32, 22, [0]),
         "Q5_1": (32, 24, [0, 2]), "Q4_K": (256, 144, [0, 2]), "Q5_K": (256, 176, [0, 2]), "Q6_K": (256, 210, [208]),
         "Q2_K": (256, 84, [80, 82]), "Q3_K": (256, 110, [108]), "IQ4_NL": (32, 18, [0]), "IQ4_XS": (256, 136, [0]),
         "MXFP4": (32, 17, [])}
ROWS, COLUMNS = 64, 1024
SHOWN = {32: (0, 1, 15, 16, 17, 31),
         256: (0, 1, 15, 16, 17, 31, 32, 63, 64, 95, 100, 127, 128, 129, 160, 200, 224, 240, 255)}


def random_blocks(name, n, random):
    """[n, bytes of a block]"""
    import numpy as np

    _, size, halves = TYPES[name]
    blocks = random.integers(0, 256, (n, size), dtype=np.uint8)
    for at in halves:
        scales = (random.standard_normal(n) * 2.0 ** random.integers(-12, 4, n)).astype(np.float16)
        blocks[:, at:at + 2] = scales.view(np.uint8).reshape(n, 2)
    if name == "MXFP4":
        blocks[:, 0] = random.integers(0, 253, n)
        blocks[:4, 0] = (0, 1, 2, 252)[:n]
    return blocks


def short(value):
    """A float as a literal of C++."""
    digits, exponent = float(value).hex().split("p")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + f"p{exponent}f"


def literals(name, random):
    import gguf
    import numpy as np

    columns, size, halves = TYPES[name]
    block = random_blocks(name, 1, random)
    for at in halves:
        block[0, at:at + 2] = np.array([0.0123 if at == halves[0] else 0.0171], np.float16).view(np.uint8)
    if name == "MXFP4":
        block[0, 0] = 121
    values = gguf.dequantize(block, gguf.GGMLQuantizationType[name]).reshape(-1)
    print(f'      {{DType::{name.lower()},\n       "{block.tobytes().hex()}",\n       {{'
          + ", ".join(f"{{{i}, {short(values[i])}}}" for i in SHOWN[columns]) + "}},")


def compare(compiler):
    import gguf
    import numpy as np

    random, good = np.random.default_rng(1), True
    with tempfile.TemporaryDirectory(prefix="litestage-crosscheck-") as folder:
        path, expected = pathlib.Path(folder) / "types.gguf", {}
        writer = gguf.GGUFWriter(path, "llama")
        for name, (columns, size, _) in TYPES.items():
            data = random_blocks(name, ROWS * COLUMNS // columns, random).reshape(ROWS, COLUMNS // columns * size)
            writer.add_tensor(name, data, raw_dtype=gguf.GGMLQuantizationType[name])
            with np.errstate(over="ignore"):
                expected[name] = gguf.dequantize(data, gguf.GGMLQuantizationType[name]).astype(np.float32).reshape(-1)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        program = build_ours(pathlib.Path(folder), compiler, "tests/crosscheck/dequantise_ours.cpp", ["-lxxhash"])
        found = subprocess.run([program, path], check=True, capture_output=True).stdout
    numbers = np.frombuffer(found, np.float32).reshape(len(TYPES), ROWS * COLUMNS)
    for ours, (name, theirs) in zip(numbers, expected.items()):
        differ = ours != theirs
        largest = float(np.max(np.abs(ours[differ] / theirs[differ] - 1))) if differ.any() else 0.0
        good = good and not differ.any()
        print(f"  {'FAILS' if differ.any() else 'holds'}: {name:7} {differ.sum()} of {len(ours)} numbers differ"
              + (f", by up to {largest:.1e} of themselves" if differ.any() else ""))
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--literals", choices=sorted(TYPES), metavar="TYPE", help=f"one of {', '.join(TYPES)}")
    parser.add_argument("--compiler", default="g++", help="default: g++")
    options = parser.parse_args()
    try:
        import gguf  # noqa: F401
        import numpy
    except ModuleNotFoundError as error:
        sys.exit(f"dequantise_types.py: the Python package {error.name} is missing: pip install gguf numpy")
    if options.literals:
        literals(options.literals, numpy.random.default_rng(7))
        return
    sys.exit(0 if compare(options.compiler) else 1)


if __name__ == "__main__":
    main()

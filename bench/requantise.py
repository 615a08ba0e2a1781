#!/usr/bin/env python3
"""Writes a model once for each weight type, with llama.cpp's quantiser, so that compare_llama_cpp.py can compare the types:

    ~/.cache/litestage/peers/llama-cpp-avx2/bin/python bench/requantise.py MODEL.gguf FOLDER
    bench/compare_llama_cpp.py --model FOLDER/*.gguf --cases decode --threads 1

All matrices get the type. The types in blocks of 256 are left out for a model whose rows are no multiple of that, because
llama.cpp would give their matrices other types. Weights that are quantised already are rounded a second time, so the
models are for timing and not for answers. llama.cpp's quantiser writes MXFP4 for mixtures of experts only, so that file
is the work of the package `gguf` (minutes for 1.5 billion weights). Needs llama-cpp-python, as compare_llama_cpp.py
builds it, and `gguf`.
"""

import argparse
import ctypes
import functools
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent

# {type: what llama.cpp calls a file of it}
IN_32 = {"Q8_0": "Q8_0", "Q4_0": "Q4_0", "Q4_1": "Q4_1", "Q5_0": "Q5_0", "Q5_1": "Q5_1", "IQ4_NL": "IQ4_NL"}
IN_256 = {"Q2_K": "Q2_K", "Q3_K": "Q3_K_S", "Q4_K": "Q4_K_S", "Q5_K": "Q5_K_S", "Q6_K": "Q6_K", "IQ4_XS": "IQ4_XS"}


def rows_are_multiples_of_256(path):
    import gguf

    return all(t.shape[0] % 256 == 0 for t in gguf.GGUFReader(path).tensors if len(t.shape) > 1)


def requantise(llama_cpp, file_type, source, target):
    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{file_type}")
    options.allow_requantize = True
    options.pure = True
    unfinished = target.with_suffix(".unfinished")
    failed = llama_cpp.llama_model_quantize(str(source).encode(), str(unfinished).encode(), ctypes.byref(options))
    if failed:
        sys.exit(f"requantise.py: {target}: llama.cpp's quantiser ended with {failed}")
    unfinished.rename(target)


def write_mxfp4(source, target):
    import gguf

    sys.path.append(str(HERE.parent / "tests" / "crosscheck"))
    from dequantise import rewrite

    # MOSTLY_MXFP4_MOE is the only file type with MXFP4, and engines go by the types of the tensors.
    mxfp4, file_type = gguf.GGMLQuantizationType.MXFP4, gguf.LlamaFileType.MOSTLY_MXFP4_MOE
    rewrite(source, target, file_type, lambda tensor: mxfp4 if len(tensor.shape) > 1 else tensor.tensor_type)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    if not options.model.is_file():
        sys.exit(f"requantise.py: {options.model}: there is no such file, expected a GGUF file")
    import llama_cpp

    options.folder.mkdir(parents=True, exist_ok=True)
    types = {**IN_32, **(IN_256 if rows_are_multiples_of_256(options.model) else {})}
    writers = {name: functools.partial(requantise, llama_cpp, file_type) for name, file_type in types.items()}
    for name, write in {**writers, "MXFP4": write_mxfp4}.items():
        target = options.folder / f"{options.model.stem}.{name}.gguf"
        if not target.exists():
            write(options.model, target)
        print(target)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Copies a GGUF file with every weight dequantised to F32, so that an engine can run it without rounding weights.

Needs: pip install gguf numpy. The file holds four bytes for each weight.
"""

import argparse
import os
import sys


def dequantise(source, target):
    import gguf
    import numpy as np

    reader = gguf.GGUFReader(source)
    architecture = reader.fields["general.architecture"].contents()
    temporary = f"{target}.{os.getpid()}.tmp"
    writer = gguf.GGUFWriter(temporary, architecture)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue  # the writer sets these
        kind = field.types[0]
        element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=element)
    writer.add_file_type(int(gguf.LlamaFileType.ALL_F32))
    for tensor in reader.tensors:
        rows = tuple(reversed(tensor.shape.tolist()))
        writer.add_tensor_info(tensor.name, rows, np.dtype(np.float32), 4 * int(np.prod(rows)))
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in reader.tensors:  # one at a time: a whole model would not fit into small machines
            values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
            writer.write_tensor_data(np.ascontiguousarray(values))
        writer.close()
        os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", help="a GGUF file of any types")
    parser.add_argument("target", help="the file to write")
    options = parser.parse_args()
    try:
        dequantise(options.source, options.target)
    except ModuleNotFoundError as error:
        sys.exit(f"dequantise.py: the Python package {error.name} is missing: pip install gguf numpy")


if __name__ == "__main__":
    main()

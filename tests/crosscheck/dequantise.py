#!/usr/bin/env python3
"""Copies a GGUF file with every weight dequantised to F32, so that an engine can run it without rounding weights.

Needs: pip install gguf numpy. The file holds four bytes for each weight.
"""

import argparse
import os
import sys


def start_of(reader, path, file_type, keys):
    """A writer with the keys of a file, some of them with other values."""
    import gguf

    writer = gguf.GGUFWriter(path, reader.fields["general.architecture"].contents())
    writer.data_alignment = reader.alignment
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue  # the writer sets these
        kind = field.types[0]
        element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, keys.get(name, field.contents()), kind, sub_type=element)
    writer.add_file_type(int(file_type))
    return writer


def bytes_of(tensor, kind):
    """The rows of a tensor in another type."""
    import gguf
    import numpy as np

    if kind == tensor.tensor_type:
        return np.ascontiguousarray(tensor.data)
    values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
    return np.ascontiguousarray(gguf.quantize(values, kind))


def rewrite(source, target, file_type, type_of, keys={}, keeps=lambda name: True):
    """Copies a GGUF file. `type_of` says the type of a tensor of the copy, `keys` the keys with other values, `keeps` by
    its name whether a tensor is in the copy."""
    import gguf
    import numpy as np

    reader = gguf.GGUFReader(source)
    temporary = f"{target}.{os.getpid()}.tmp"
    writer = start_of(reader, temporary, file_type, keys)
    tensors = [tensor for tensor in reader.tensors if keeps(tensor.name)]
    for tensor in tensors:
        kind = type_of(tensor)
        shape = gguf.quant_shape_to_byte_shape(tuple(reversed(tensor.shape.tolist())), kind)
        writer.add_tensor_info(tensor.name, shape, np.dtype(np.uint8), int(np.prod(shape)), raw_dtype=kind)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in tensors:  # one at a time: a whole model would not fit into small machines
            writer.write_tensor_data(bytes_of(tensor, type_of(tensor)))
        writer.close()
        os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def dequantise(source, target, **options):
    import gguf

    rewrite(source, target, gguf.LlamaFileType.ALL_F32, lambda _: gguf.GGMLQuantizationType.F32, **options)


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

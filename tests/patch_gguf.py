#!/usr/bin/env python3
"""Copies a GGUF file and overwrites some bytes of one tensor, to make a broken model.

    tests/patch_gguf.py FROM TO TENSOR HEX [STRIDE]    writes HEX at the tensor's start, or every STRIDE bytes
"""

import struct
import sys

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # of a value, by its type
STRING, ARRAY = 8, 9


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        value, = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def string(self):
        size = self.number("Q")
        self.at += size
        return bytes(self.data[self.at - size:self.at])

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            kind, count = self.number("I"), self.number("Q")
            return [self.value(kind) for _ in range(count)]
        if SIZES[kind] == 4:
            return self.number("I")
        self.at += SIZES[kind]
        return None


def tensors(data):
    """name -> (first byte, the byte after it and its padding)"""
    read = Reader(data)
    read.at = 8  # magic, version
    count, keys = read.number("Q"), read.number("Q")
    alignment = 32
    for _ in range(keys):
        name, kind = read.string(), read.number("I")
        value = read.value(kind)
        alignment = value if name == b"general.alignment" else alignment
    offsets = {}
    for _ in range(count):
        name = read.string().decode()
        dimensions = read.number("I")
        read.at += 8 * dimensions + 4  # and the type
        offsets[name] = read.number("Q")
    start = (read.at + alignment - 1) // alignment * alignment
    ends = sorted(offsets.values()) + [len(data) - start]
    return {name: (start + at, start + ends[ends.index(at) + 1]) for name, at in offsets.items()}


def main():
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    source, target, tensor, digits = sys.argv[1:5]
    with open(source, "rb") as file:
        data = bytearray(file.read())
    first, last = tensors(data)[tensor]
    written = bytes.fromhex(digits)
    for at in range(first, last - len(written) + 1, int(sys.argv[5]) if len(sys.argv) == 6 else last):
        data[at:at + len(written)] = written
    with open(target, "wb") as file:
        file.write(data)


main()

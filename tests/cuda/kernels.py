#!/usr/bin/env python3
"""Reads the machine code of all GPU kernels in the library litestage::cuda, without a GPU and without NVIDIA's tools.

    tests/cuda/kernels.py LIBRARY            check it against rules, and against the table kernels.tsv beside this file
    tests/cuda/kernels.py LIBRARY --update   rewrite the table
    tests/cuda/kernels.py --selftest         show that each rule catches code that breaks it

Rules: no kernel has a stack or touches local memory, so nothing is spilled. In the loops over weights of a product all
codes are loaded 16 bytes at a time, nothing else but scales is loaded, and at least four loads of a product of one or
two inputs are under way before the first is used.

Positions of opcodes and sizes in an instruction of 16 bytes (Volta to Hopper) are not documented by NVIDIA; these were
compared with a disassembly of code for sm_80 and sm_90.
"""

import collections
import pathlib
import re
import struct
import sys

TABLE = pathlib.Path(__file__).parent / "kernels.tsv"
DTYPES = "f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1 q4_k q5_k q6_k q2_k q3_k iq4_nl iq4_xs mxfp4".split()
GEMM_TYPES = "f32 f16 bf16".split()
EM_CUDA = 190

OPCODES = {0x381: "LDG", 0x981: "LDG", 0x986: "STG", 0x983: "LDL", 0x387: "STL", 0x984: "LDS", 0x388: "STS", 0x988: "STS",
           0x223: "FFMA", 0x423: "FFMA", 0x823: "FFMA", 0xc23: "FFMA", 0x226: "IDP", 0x589: "SHFL", 0xf89: "SHFL",
           0xb1d: "BAR", 0x947: "BRA"}
WIDTHS = {0: 8, 1: 8, 2: 16, 3: 16, 4: 32, 5: 64, 6: 128}

# For a weight type, as in weights.cuh: columns and vectors of a unit, and loads of the scale of 32 columns.
Format = collections.namedtuple("Format", "columns vectors scale_loads")
FORMATS = {"f32": Format(4, 1, 0), "f16": Format(8, 1, 0), "bf16": Format(8, 1, 0), "q8_0": Format(32, 2, 1),
           "q4_0": Format(32, 1, 1), "q4_1": Format(32, 1, 1), "q5_0": Format(128, 5, 1), "q5_1": Format(128, 5, 1),
           "q4_k": Format(32, 1, 2), "q5_k": Format(128, 5, 2), "q6_k": Format(64, 3, 2), "q2_k": Format(64, 1, 2),
           "q3_k": Format(128, 3, 2), "iq4_nl": Format(32, 1, 1), "iq4_xs": Format(32, 1, 2), "mxfp4": Format(32, 1, 1)}
PRODUCTS = ("ProjectAdd", "GateUp", "Logits")
COLUMNS, HEAD_DIM = 2048, 128  # occupancy is given for inputs of this many columns, and for heads of this size

# Shared memory of a multiprocessor, and the most that a block can have besides the RESERVED bytes.
Device = collections.namedtuple("Device", "name arch shared most_shared")
RESERVED = 1024  # bytes of shared memory that every block uses besides its own
DEVICES = (Device("A100", 80, 164 << 10, 163 << 10), Device("H100", 90, 228 << 10, 227 << 10))

Instruction = collections.namedtuple("Instruction", "op width target")  # target: index, of a branch
Kernel = collections.namedtuple("Kernel", "name arch registers threads shared stack code compiler")


def elf_images(data):
    """The device code in a host library: its ELF images of machine EM_CUDA."""
    at = data.find(b"\x7fELF\x02\x01")
    while at >= 0:
        if struct.unpack_from("<H", data, at + 0x12)[0] == EM_CUDA:
            yield data[at:]
        at = data.find(b"\x7fELF\x02\x01", at + 16)


def elf_sections(image):
    """name -> (header, contents)"""
    offset, = struct.unpack_from("<Q", image, 0x28)
    size, count, names = struct.unpack_from("<HHH", image, 0x3a)
    headers = [struct.unpack_from("<IIQQQQIIQQ", image, offset + i * size) for i in range(count)]
    strings = image[headers[names][4]:headers[names][4] + headers[names][5]]
    sections = {}
    for header in headers:
        name = strings[header[0]:strings.index(b"\0", header[0])].decode()
        sections[name] = (header, b"" if header[1] == 8 else image[header[4]:header[4] + header[5]])
    return sections


def attributes(info):
    """(id, value bytes) of a .nv.info section"""
    at = 0
    while at + 4 <= len(info):
        form, key, value = struct.unpack_from("<BBH", info, at)
        at += 4
        if form == 4:  # `value` bytes follow
            yield key, info[at:at + value]
            at += value


def instructions(code, arch):
    found = []
    for at in range(0, len(code) - 15, 16):
        low, high = struct.unpack_from("<QQ", code, at)
        op = OPCODES.get(low & 0xfff, "")
        target = None
        if op == "BRA":
            words = low >> 34 | (high & 0x3ffff) << 30  # from the end of the branch
            words -= 1 << 48 if words >> 47 else 0
            if arch >= 90:
                words = words << 8 | low >> 16 & 0xff
            target = at // 16 + 1 + words // 4
        found.append(Instruction(op, WIDTHS.get(high >> 9 & 7, 0) if op in ("LDG", "STG", "LDS", "STS") else 0, target))
    return found


def readable(mangled):
    """_ZN9litestage7kernels5entryINS0_10ProjectAddILNS_5DTypeE8ELj1EEEEE... -> ProjectAdd<q4_k, 1>"""
    inner = re.match(r"_ZN9litestage7kernels5entryINS0_(\d+)(.*)", mangled)
    if not inner:
        return mangled
    name, rest = inner[2][:int(inner[1])], inner[2][int(inner[1]):]
    if not rest.startswith("I"):
        return name
    arguments, at = [], 1
    while rest[at] != "E":
        dtype, gemm, number = (re.compile(p).match(rest, at) for p in (r"LNS_5DTypeE(\d+)E", r"LNS0_8GemmTypeE(\d+)E",
                                                                      r"L[jim](\d+)E"))
        if dtype:
            arguments.append(DTYPES[int(dtype[1])])
        elif gemm:
            arguments.append(GEMM_TYPES[int(gemm[1])])
        elif number:
            arguments.append(number[1])
        elif rest[at] in "ft":
            arguments.append({"f": "float", "t": "half"}[rest[at]])
            at += 1
            continue
        else:
            return mangled
        at = (dtype or gemm or number).end()
    return f"{name}<{', '.join(arguments)}>"


def kernels_of(image):
    arch = struct.unpack_from("<I", image, 0x30)[0] >> 8 & 0xff
    sections = elf_sections(image)
    compiler = re.search(rb"Cuda compilation tools, release [^\0]*?, V([\d.]+)", sections.get(".note.nv.tkinfo", (0, b""))[1])
    by_index, symbols, strings = {}, sections[".symtab"][1], sections[".strtab"][1]
    for i in range(len(symbols) // 24):
        start, = struct.unpack_from("<I", symbols, 24 * i)
        by_index[i] = strings[start:strings.index(b"\0", start)].decode()
    registers, stack = {}, {}
    for key, value in attributes(sections[".nv.info"][1]):
        if key in (0x2f, 0x11, 0x12, 0x23):  # registers; size of a frame; least and most of the stack
            symbol, number = struct.unpack_from("<II", value)
            name = by_index.get(symbol, "")
            target = registers if key == 0x2f else stack
            target[name] = max(target.get(name, 0), number)
    for section, (_, contents) in sections.items():
        if not section.startswith(".text."):
            continue
        name = section[len(".text."):]
        threads = [struct.unpack_from("<I", value)[0] for key, value in
                   attributes(sections.get(".nv.info." + name, (0, b""))[1]) if key == 0x05]
        shared = sections[".nv.shared." + name][0][5] if ".nv.shared." + name in sections else 0
        if arch >= 90 and shared >= RESERVED:  # counted in the section there
            shared -= RESERVED
        yield Kernel(readable(name), arch, registers.get(name, 0), threads[0] if threads else 0,
                     shared, stack.get(name, 0), instructions(contents, arch),
                     compiler[1].decode() if compiler else "?")


def arguments(name):
    return name.rstrip(">").split("<")[1].split(", ") if "<" in name else []


def is_product(name):
    return name.split("<")[0] in PRODUCTS


def weight_loops(code):
    """[instructions] of each innermost loop that multiplies weights from global memory with inputs from shared memory,
    both loaded 16 bytes at a time."""
    jumps = [(i.target, at) for at, i in enumerate(code) if i.target is not None and i.target < at]
    loops = [(first, last) for first, last in jumps
             if not any((a, b) != (first, last) and first <= a and b <= last for a, b in jumps)]
    bodies = [code[first:last + 1] for first, last in loops]
    wanted = {("LDG", 128), ("LDS", 128)}
    return [body for body in bodies if wanted <= {(i.op, i.width) for i in body}
            and any(i.op in ("FFMA", "IDP") for i in body)]


def under_way(body):
    """16-byte loads of global memory before the first product."""
    count = 0
    for i in body:
        if i.op in ("FFMA", "IDP"):
            return count
        count += i.op == "LDG" and i.width == 128
    return count


def loads(body, wide):
    return sum(i.op == "LDG" and (i.width == 128) == wide for i in body)


NARROW = ("FinishHeads",)  # a lane loads a number of a head and its partner in RoPE, not 16 bytes


def faults(kernel):
    count = collections.Counter(i.op for i in kernel.code)
    if kernel.name.split("<")[0] not in NARROW and not loads(kernel.code, True):
        yield "no load of 16 bytes"
    if kernel.stack or count["LDL"] or count["STL"]:
        yield f"{kernel.stack} bytes of stack, {count['LDL']} loads and {count['STL']} stores of local memory"
    if kernel.name.split("<")[0] not in PRODUCTS + ("ProjectQkv",):
        return
    types = arguments(kernel.name)[:1] if is_product(kernel.name) else DTYPES
    loops = weight_loops(kernel.code)
    found = {(loads(body, True), loads(body, False)) for body in loops}
    expected = set().union(*(loop_loads(FORMATS[t]) for t in types))
    if found != expected:
        yield (f"the loops over weights load (vectors of 16 bytes, less) {sorted(found)}; codes and scales are "
               f"{sorted(expected)}")
    elif is_product(kernel.name) and int(arguments(kernel.name)[1]) <= 2 and max(map(under_way, loops)) < 4:
        yield f"{max(map(under_way, loops))} loads of weights are under way before the first product"


def loop_loads(form):
    """(vectors of codes, loads of scales) that a loop over weights of a type has: two rows, and one unit at a time or,
    if a unit is one vector, also two."""
    return {(2 * units * form.vectors, 2 * units * form.scale_loads * max(form.columns // 32, 1))
            for units in ((1, 2) if form.vectors == 1 else (1,))}


def staged_bytes(weight, n, columns, threads):
    """As in inputs.cuh."""
    form = FORMATS[weight]
    padded = -(-columns // form.columns) * form.columns
    return n * ((padded + padded // 32 * 8 if form.scale_loads else padded * 4) + threads // 32 * 4)


def attend_bytes(heads):
    """As Attend's layout."""
    lane_numbers, chunk, threads = 8, 128, 128
    small = heads * (HEAD_DIM + chunk + 2) * 4 + 4
    return -(-small // 16) * 16 + heads * threads * lane_numbers * 4


def tiled_bytes(entry_bytes, head_dim):
    """As AttendTiled's layout."""
    heads, rows, entries, lanes = 256 // head_dim, 16, 32, 8
    stride = entry_bytes // 16 | 1
    return heads * rows * head_dim * 4 + 2 * entries * stride * 16 + heads * rows * (entries + lanes) * 4


def dynamic_bytes(name, threads):
    """Shared memory that a launch asks for."""
    family = name.split("<")[0]
    if is_product(name):
        return staged_bytes(arguments(name)[0], int(arguments(name)[1]), COLUMNS, threads)
    if family == "ProjectQkv":  # of quantised weights
        return staged_bytes("q8_0", int(arguments(name)[0]), COLUMNS, threads)
    if family == "Attend":
        return attend_bytes(int(arguments(name)[1]))
    if family == "AttendTiled":
        number = {"half": 2, "float": 4}[arguments(name)[0]]
        return tiled_bytes(int(arguments(name)[1]) * number, int(arguments(name)[1]))
    return 0


def occupancy(device, registers, threads, shared):
    """Warps that a multiprocessor holds, in percent of 64; None if a block needs too much shared memory."""
    if shared > device.most_shared:
        return None
    warps = -(-threads // 32)
    of_registers = 16384 // (-(-max(registers, 1) * 32 // 256) * 256) * 4 // warps  # four partitions
    of_shared = device.shared // (-(-(shared + RESERVED) // 128) * 128)
    return 100 * min(64 // warps, 32, of_registers, of_shared) * warps // 64


def row(kernels):
    """The line of the table for a kernel, with columns for each device."""
    name, threads = kernels[0].name, kernels[0].threads
    dynamic = dynamic_bytes(name, threads)
    cells = [name, str(threads), str(dynamic) if dynamic else "-"]
    for device, kernel in zip(DEVICES, kernels):
        percent = occupancy(device, kernel.registers, threads, kernel.shared + dynamic)
        count = collections.Counter((i.op, i.width) for i in kernel.code)
        loops = weight_loops(kernel.code) if is_product(name) else []
        cells += [str(kernel.registers), "-" if percent is None else str(percent), str(kernel.shared), str(kernel.stack)]
        cells += [str(count["LDG", 128]), str(sum(c for (op, w), c in count.items() if op == "LDG" and w != 128)),
                  str(max(map(under_way, loops))) if loops else "-"]
        cells += [str(sum(c for (o, _), c in count.items() if o == op)) for op in ("STG", "LDS", "SHFL", "BAR", "FFMA", "IDP")]
    return "\t".join(cells)


def table(by_name, compiler):
    of_device = ["registers", "occupancy", "shared", "stack", "LDG.128", "LDG less", "under way", "STG", "LDS", "SHFL", "BAR",
                 "FFMA", "IDP"]
    lines = ["# Registers, theoretical occupancy (percent) and instructions of every kernel, as read from its machine code by",
             "# kernels.py; rewritten by its option --update. \"dynamic\": bytes of shared memory that a launch asks for, of products",
             f"# with inputs of {COLUMNS} columns (project_qkv: and quantised weights), of attend with heads of {HEAD_DIM}; occupancy is - where a",
             "# block does not fit. \"under way\": loads of 16 bytes of weights before the first product that uses one.",
             f"# compiler {compiler}",
             "\t".join(["kernel", "threads", "dynamic"] + [f"{d.name} {c}" for d in DEVICES for c in of_device])]
    return lines + [row(by_name[name]) for name in sorted(by_name, key=natural)]


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def read(path):
    found = collections.defaultdict(dict)
    for image in elf_images(pathlib.Path(path).read_bytes()):
        for kernel in kernels_of(image):
            found[kernel.name][kernel.arch] = kernel
    return {name: [of_arch[d.arch] for d in DEVICES] for name, of_arch in found.items()
            if all(d.arch in of_arch for d in DEVICES)}


def differences(found, written):
    old = {line.split("\t")[0]: line for line in written if not line.startswith("#")}
    new = {line.split("\t")[0]: line for line in found if not line.startswith("#")}
    columns = new["kernel"].split("\t")
    for name in sorted(old.keys() | new.keys(), key=natural):
        if name not in old or name not in new:
            yield f"{name}: " + ("not in the table" if name not in old else "in the table, but not in the library")
        elif old[name] != new[name]:
            changed = [f"{c} {a} -> {b}" for c, a, b in zip(columns, old[name].split("\t"), new[name].split("\t")) if a != b]
            yield f"{name}: " + ", ".join(changed)


def check(path, update):
    if not pathlib.Path(path).exists():
        print(f"skipped: {path} is not there")
        return 77
    by_name = read(path)
    if not by_name:
        print(f"skipped: {path} has no code for " + " and ".join(f"sm_{d.arch}" for d in DEVICES))
        return 77
    problems = [f"{k.name} (sm_{k.arch}): {fault}" for pair in by_name.values() for k in pair for fault in faults(k)]
    compiler = next(iter(by_name.values()))[0].compiler
    lines = table(by_name, compiler)
    if update:
        TABLE.write_text("\n".join(lines) + "\n")
    written = TABLE.read_text().splitlines() if TABLE.exists() else []
    compared = f"# compiler {compiler}" in written
    if compared:
        problems += differences(lines, written)
    else:
        print(f"skipped: the table was made with a different compiler than {compiler}; only the rules were checked")
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(by_name)} kernels, {len(problems)} problems")
    return 1 if problems else 0 if compared else 77


def selftest():
    load, product, scale = Instruction("LDG", 128, None), Instruction("IDP", 0, None), Instruction("LDG", 16, None)
    inputs, back = Instruction("LDS", 128, None), Instruction("BRA", 0, 0)

    def kernel(code, name="Logits<q8_0, 1>", stack=0):
        return Kernel(name, 80, 32, 128, 0, stack, code, "")

    good = [inputs] + [load] * 4 + [scale] * 2 + [product, back]
    cases = [("a clean loop", kernel(good), 0), ("a stack", kernel(good, stack=8), 1),
             ("a local load", kernel(good + [Instruction("LDL", 0, None)]), 1),
             ("three vectors", kernel(good[:1] + good[2:]), 1),
             ("all types in one", kernel(good, name="ProjectQkv<1, half>"), 1),
             ("a narrow load", kernel([scale] + good), 1),
             ("loads after the product", kernel(good[:3] + [product] + good[3:]), 1),
             ("rows that are read number by number", kernel([scale] * 4, name="ScaleRows"), 1),
             ("a table of other kernels", kernel(good, name="ScaleRows"), 0)]
    wrong = [text for text, k, expected in cases if len(list(faults(k))) != expected]
    if occupancy(DEVICES[0], 64, 128, 0) != 50 or occupancy(DEVICES[0], 40, 256, 0) != 75 or \
            occupancy(DEVICES[1], 255, 128, 0) != 12 or occupancy(DEVICES[0], 32, 128, 164 << 10) is not None:
        wrong.append("occupancy")
    if readable("_ZN9litestage7kernels5entryINS0_10ProjectAddILNS_5DTypeE8ELj16EEEEEvNT_6ParamsE") != "ProjectAdd<q4_k, 16>":
        wrong.append("names")
    print(*(f"FAILED: {text}" for text in wrong) if wrong else ["every rule catches code that breaks it"], sep="\n")
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--selftest"]:
        return selftest()
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--update"]):
        print(__doc__)
        return 2
    return check(sys.argv[1], len(sys.argv) == 3)


if __name__ == "__main__":
    sys.exit(main())

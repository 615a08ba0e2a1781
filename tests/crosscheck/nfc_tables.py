#!/usr/bin/env python3
"""Writes nfc_pairs.hpp and nfc_marks.hpp of io/tokenizer_json/definitions, from Python's Unicode data.

The Python package `tokenizers` composes by the data of Unicode 9, and models were trained on what it makes of texts, so
what is newer is left out: a combining mark that the package does not reorder, a pair that it does not compose.
Needs: pip install tokenizers (0.23.3 was used), clang-format-14.
"""

import pathlib
import subprocess
import sys
import unicodedata

OUT = pathlib.Path(__file__).resolve().parents[2] / "include/litestage/io/tokenizer_json/definitions"
WIDTH = 114
HEAD = """// {} of Unicode 9, the version of the Python package `tokenizers`, by which texts
// were prepared when models were trained. Written by tests/crosscheck/nfc_tables.py.
#pragma once

{}namespace litestage::io::unicode {{

"""
TAIL = "\n}  // namespace litestage::io::unicode\n"


def characters():
    return (c for c in range(0x110000) if not 0xD800 <= c < 0xE000)


def decomposition(c):
    """The code points that c stands for, one step, or nothing."""
    found = unicodedata.decomposition(chr(c))
    return [] if not found or found.startswith("<") else [int(word, 16) for word in found.split()]


def written(c):
    if c in (0x22, 0x5C):
        return "\\" + chr(c)
    if 0x20 <= c < 0x7F:
        return chr(c)
    return f"\\u{c:04X}" if c < 0x10000 else f"\\U{c:08X}"


def literals(words, width=WIDTH):
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line += word
    lines.append(line)
    return "".join(f'\n    U"{line}"' for line in lines)


def numbers(rows):
    lines, line = [], ""
    for row in rows:
        if len(line) + len(row) + 2 > WIDTH:
            lines.append(line.rstrip())
            line = ""
        line += row + ", "
    lines.append(line.rstrip().rstrip(","))
    return "{\n" + "".join(f"    {line}\n" for line in lines) + "};\n"


def combining_ranges(normalised):
    ranges = []
    for c in characters():
        k = unicodedata.combining(chr(c))
        if k > 1:
            known = normalised(f"q{chr(c)}\u0334") == "q\u0334" + normalised(chr(c))
        else:
            known = k == 1 and normalised(f"q\u0345{chr(c)}") == f"q{chr(c)}\u0345"
        if not known:
            continue
        if ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == k:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, k])
    return ranges


def tables(normalised):
    pairs, one_way, singles, runs = [], [], [], []
    for c in characters():
        parts = decomposition(c)
        if len(parts) == 2:
            whole = normalised(unicodedata.normalize("NFD", chr(c)))
            if whole != unicodedata.normalize("NFC", chr(c)):
                continue  # newer than Unicode 9
            (pairs if whole == chr(c) else one_way).append((c, *parts))
        elif parts and runs and runs[-1][0] + len(runs[-1][1]) == c:
            runs[-1][1].append(parts[0])
        elif parts:
            runs.append((c, parts))
    for first, targets in list(runs):
        if len(targets) < 8:
            runs.remove((first, targets))
            singles += [(first + i, target) for i, target in enumerate(targets)]
    return pairs, one_way, singles, runs


def main():
    try:
        import tokenizers
    except ModuleNotFoundError:
        sys.exit("nfc_tables.py: the Python package tokenizers is missing: pip install tokenizers")
    normalised = tokenizers.normalizers.NFC().normalize_str
    pairs, one_way, singles, runs = tables(normalised)
    text = HEAD.format("Canonical decompositions and compositions", "#include <string_view>\n\n")
    text += "// Triples: a character, and the two into which it decomposes and of which it is composed.\n"
    text += "inline constexpr std::u32string_view pairs =" + literals("".join(map(written, row)) for row in pairs) + ";\n\n"
    text += "// Triples likewise, of characters that are never composed again.\n"
    text += "inline constexpr std::u32string_view one_way_pairs =" + literals("".join(map(written, row)) for row in one_way) + ";\n\n"
    text += "// Pairs: a character, and the one that stands for it.\n"
    text += "inline constexpr std::u32string_view singles =" + literals("".join(map(written, row)) for row in singles) + ";\n\n"
    text += "// The same for consecutive characters from `first` on.\n"
    text += "struct SingleRun {\n  char32_t first;\n  std::u32string_view targets;\n};\n"
    text += "inline constexpr SingleRun single_runs[] = {\n"
    text += ",\n".join(f"    {{0x{first:X}," + literals((chr(t) for t in targets), WIDTH // 2) + "}" for first, targets in runs)
    text += "};\n\n"
    (OUT / "nfc_pairs.hpp").write_text(text.rstrip() + "\n" + TAIL)
    text = HEAD.format("Canonical combining classes", "")
    text += "// Marks and their classes, in order; every other character has the class 0.\n"
    text += "struct CombiningRange {\n  char32_t first, last;\n  unsigned char combining_class;\n};\n"
    text += "inline constexpr CombiningRange combining_ranges[] = "
    text += numbers(f"{{0x{a:X}, 0x{b:X}, {k}}}" for a, b, k in combining_ranges(normalised))
    (OUT / "nfc_marks.hpp").write_text(text + TAIL)
    print(f"{len(pairs)} + {len(one_way)} pairs, {len(singles)} singles, {sum(len(t) for _, t in runs)} in {len(runs)} runs")
    subprocess.run(["clang-format-14", "-i", str(OUT / "nfc_pairs.hpp"), str(OUT / "nfc_marks.hpp")], check=True)


if __name__ == "__main__":
    main()

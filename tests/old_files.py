#!/usr/bin/env python3
"""For tests/programs.sh: makes changed copies of a model, a plan and a journal in the current folder.

edited.gguf: one byte of the weights differs, at a place that earlier versions did not read for the fingerprint
small.gguf: a context of 512 positions;  unnamed.gguf: without tokenizer.ggml.pre
old.txt, old_plan.txt: as earlier versions wrote them, with a fingerprint of samples and with the journal's context
other.txt, other_plan.txt: the same with the fingerprint of a different model;  old_before.txt: a copy of old.txt
"""
import json
import pathlib
import sys

SAMPLED = "becb84f8af8551f2"  # fingerprint of smollm2-135m in earlier versions
OTHER = "0123456789abcdef"


def fnv1a(text, value=0xCBF29CE484222325):
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def as_written_before(journal, fingerprint):
    """The journal as earlier versions wrote it: records do not say for which contexts they hold."""
    value, lines = fnv1a(""), []
    for i, line in enumerate(journal.splitlines()):
        record = json.loads(line)["record"]
        if i == 0:
            identity = record["identity"]
            identity["model"], identity["context"] = fingerprint, 1024
        record.pop("positions", None)
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        value = fnv1a(text, value)
        lines.append('{"fnv1a":"%016x","record":%s}\n' % (value, text))
    return "".join(lines)


def main():
    model, plan, journal = (pathlib.Path(path) for path in sys.argv[1:])
    data = bytearray(model.read_bytes())
    middle = len(data) // 2  # between the samples of its tensor, which earlier versions used: SAMPLED too
    data[middle] ^= 1
    pathlib.Path("edited.gguf").write_bytes(data)
    data[middle] ^= 1
    pathlib.Path("unnamed.gguf").write_bytes(data.replace(b"tokenizer.ggml.pre\x08", b"tokenizer.ggml.prx\x08", 1))
    key = b"llama.context_length"
    at = data.index(key) + len(key) + 4  # after the type of the value
    data[at:at + 4] = (512).to_bytes(4, "little")
    pathlib.Path("small.gguf").write_bytes(data)
    for fingerprint, name in ((SAMPLED, "old"), (OTHER, "other")):
        said = json.loads(plan.read_text())
        said["model"]["fingerprint"] = fingerprint
        pathlib.Path(f"{name}_plan.txt").write_text(json.dumps(said))
        pathlib.Path(f"{name}.txt").write_text(as_written_before(journal.read_text(), fingerprint))
    pathlib.Path("old_before.txt").write_text(pathlib.Path("old.txt").read_text())


if __name__ == "__main__":
    main()

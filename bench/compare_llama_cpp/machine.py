"""This machine: its instruction sets, what a report says of it, and the state of the sources."""

import hashlib
import os
import pathlib
import platform
import re
import subprocess
import sys

NAME = "compare_llama_cpp.py"
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What the CPU must have, as /proc/cpuinfo names it.
SETS = {"avx2": {"avx2", "fma", "f16c", "bmi2"},
        "avx512": {"avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_vnni"}}


def fail(sentence):
    sys.exit(f"{NAME}: {sentence}")


def cpu_fields():
    """{key: value} of the first CPU in /proc/cpuinfo."""
    try:
        first = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError as error:
        fail(f"cannot read /proc/cpuinfo, so the CPU is unknown: {error.strerror}")
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def cpu_flags():
    return set(cpu_fields().get("flags", "").split())


def supported_sets():
    return [name for name, needed in SETS.items() if needed <= cpu_flags()]


def chosen_sets(wanted):
    """The wanted instruction sets, or all that this CPU has."""
    here = supported_sets()
    for name in wanted or []:
        if name not in SETS:
            fail(f"found instruction set {name!r}, expected {' or '.join(SETS)}")
        if name not in here:
            fail(f"this CPU does not have instruction set {name}, it has {', '.join(here) or 'none of those compared'}")
    if not here:
        fail("this CPU does not have AVX2, and nothing is compared without it")
    return list(dict.fromkeys(wanted)) if wanted else here


def cpu_name():
    fields = cpu_fields()
    return (f"{fields.get('model name', 'unknown')} (family {fields.get('cpu family', '?')}, "
            f"model {fields.get('model', '?')})")


def compiler_version(compiler):
    try:
        found = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        fail(f"the C++ compiler {compiler} does not run (--compiler names another one)")
    return found.stdout.splitlines()[0]


def commit():
    found = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True,
                           check=False)
    name = found.stdout.strip() or "unknown"
    if not name.endswith("-dirty"):
        return name
    changes = subprocess.run(["git", "-C", str(ROOT), "diff", "HEAD"], capture_output=True, check=False).stdout
    return f"{name}-{hashlib.sha256(changes).hexdigest()[:8]}"


def description():
    """What a report says of the machine, besides its CPU."""
    memory = re.search(r"MemTotal:\s*(\d+) kB", pathlib.Path("/proc/meminfo").read_text(encoding="utf-8"))
    return {"cores": len(os.sched_getaffinity(0)), "memory_gb": round(int(memory[1]) * 1024 / 1e9, 1),
            "kernel": f"{platform.system()} {platform.release()}"}

"""A build of llama-cpp-python for each instruction set, in a Python environment of its own that is made once."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from machine import cpu_flags, fail

VERSION = "0.3.36"
FOLDER = pathlib.Path.home() / ".cache" / "litestage" / "peers"
AVX2 = ("AVX", "AVX2", "FMA", "F16C", "BMI2")
# The build for avx512 also uses what the CPU has of these ({name in /proc/cpuinfo: llama.cpp's option}). AMX is left out,
# because litestage has no kernels for it, and because some virtual machines list it and yet fault at its first instruction.
WITH_AVX512 = {"avx_vnni": "AVX_VNNI", "avx512_vnni": "AVX512_VNNI", "avx512vbmi": "AVX512_VBMI",
               "avx512_bf16": "AVX512_BF16"}
ASK = ("import json, llama_cpp; print(json.dumps({'version': llama_cpp.__version__, "
       "'system_info': llama_cpp.llama_print_system_info().decode().strip(' |')}))")


def cmake_args(name):
    options = [*AVX2]
    if name == "avx512":
        options += ["AVX512", *(option for flag, option in WITH_AVX512.items() if flag in cpu_flags())]
    chosen = " ".join(f"-DGGML_{option}=ON" for option in options)
    return f"-DGGML_NATIVE=OFF {chosen} -DLLAMA_BUILD_TOOLS=OFF -DLLAVA_BUILD=OFF"


def python_of(folder):
    return folder / "bin" / "python"


def ask(folder):
    """{"version", "system_info"} of the build in this folder; None if there is none that works."""
    try:
        found = subprocess.run([python_of(folder), "-c", ASK], capture_output=True, text=True, check=True)
        return json.loads(found.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def install(folder, name, compiler):
    """Makes the environment and builds the package in it. Output goes to a file beside it."""
    log = FOLDER / f"llama-cpp-{name}.log"
    print(f"building llama-cpp-python {VERSION} for {name}, once; this takes some minutes (log: {log})", flush=True)
    # Neither a wheel of other flags that pip keeps in its cache, nor one that somebody else has built.
    package = ["install", "--no-cache-dir", "--no-binary", "llama-cpp-python", f"llama-cpp-python=={VERSION}"]
    steps = [([sys.executable, "-m", "venv", str(folder)], "a Python environment (Debian, Ubuntu: apt-get install "
              "python3-venv)"), ([str(python_of(folder)), "-m", "pip", *package], "llama-cpp-python")]
    with open(log, "w", encoding="utf-8") as output:
        for command, what in steps:
            done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False,
                                  env={**os.environ, "CMAKE_ARGS": cmake_args(name), "CXX": compiler})
            if done.returncode != 0:
                fail(f"cannot make {what}: {' '.join(command)} ended with exit code {done.returncode}, see {log}")


def check(folder, name, found):
    remedy = f"remove {folder}, and it is built again"
    if found["version"] != VERSION:
        fail(f"{folder}: found llama-cpp-python {found['version']}, expected {VERSION}: {remedy}")
    has = found["system_info"]
    if ("AVX512 = 1" in has) != (name == "avx512") or "AVX2 = 1" not in has or "AMX_INT8 = 1" in has:
        fail(f"{folder}: found a build for \"{has}\", expected one for {name}: {remedy}")


def build_for(name, compiler):
    """(Python program, {"version", "system_info"}) of the build for an instruction set, which is made if missing."""
    folder = FOLDER / f"llama-cpp-{name}"
    found = ask(folder)
    if found is None:
        unfinished = FOLDER / f"llama-cpp-{name}.unfinished"
        for old in (folder, unfinished):
            shutil.rmtree(old, ignore_errors=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        install(unfinished, name, compiler)
        unfinished.rename(folder)
        found = ask(folder)
        if found is None:
            fail(f"{folder}: llama-cpp-python was built, but Python cannot import it")
    check(folder, name, found)
    return str(python_of(folder)), found

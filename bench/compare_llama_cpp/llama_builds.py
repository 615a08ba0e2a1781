"""A build of llama-cpp-python for each instruction set, in a Python environment of its own that is made once."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from machine import fail

VERSION = "0.3.36"
FOLDER = pathlib.Path.home() / ".cache" / "litestage" / "peers"
CMAKE_ARGS = {
    "avx2": "-DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON "
            "-DLLAMA_BUILD_TOOLS=OFF -DLLAVA_BUILD=OFF",
    "avx512": "-DGGML_NATIVE=ON -DLLAMA_BUILD_TOOLS=OFF -DLLAVA_BUILD=OFF",
}
ASK = ("import json, llama_cpp; print(json.dumps({'version': llama_cpp.__version__, "
       "'system_info': llama_cpp.llama_print_system_info().decode().strip(' |')}))")


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
                                  env={**os.environ, "CMAKE_ARGS": CMAKE_ARGS[name], "CXX": compiler})
            if done.returncode != 0:
                fail(f"cannot make {what}: {' '.join(command)} ended with exit code {done.returncode}, see {log}")


def check(folder, name, found):
    remedy = f"remove {folder}, and it is built again"
    if found["version"] != VERSION:
        fail(f"{folder}: found llama-cpp-python {found['version']}, expected {VERSION}: {remedy}")
    if ("AVX512 = 1" in found["system_info"]) != (name == "avx512") or "AVX2 = 1" not in found["system_info"]:
        fail(f"{folder}: found a build for \"{found['system_info']}\", expected one for {name}: {remedy}")


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

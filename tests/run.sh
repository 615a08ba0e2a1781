#!/usr/bin/env bash
# Builds and runs all tests, from a fresh clone on. The last line counts them: "N passed, N failed, N skipped".
set -uo pipefail

usage() {
  cat <<'END'
usage: tests/run.sh [--quick] [--no-cuda] [--jobs N]

Installs missing packages (Debian, Ubuntu), builds with AddressSanitizer and UndefinedBehaviorSanitizer, and runs
every test. Then it checks the programs' errors for bad input and the machine code of the GPU kernels, runs the
benchmarks once without their largest shapes, and runs the threaded tests under ThreadSanitizer. Exit code 0 if all
that ran passed.

  --quick     without ThreadSanitizer, benchmarks, the package test and the headers compiled one by one
  --no-cuda   without compiling the GPU kernels, even if a CUDA compiler is found; they are still tested in the emulator
  --jobs N    parallel jobs (default: the cores that may be used, at most one for every 2 GB of memory)
  --help      this text

Models are looked for in $LITESTAGE_MODELS (default ~/.cache/litestage), data in $LITESTAGE_DATA. Tests whose models or
data are missing are left out and named at the end.
END
}

quick=0
cuda=AUTO
jobs=
while [[ $# -gt 0 ]]; do
  case $1 in
    --quick) quick=1 ;;
    --no-cuda) cuda=OFF ;;
    --jobs) jobs=${2:-} && shift ;;
    --jobs=*) jobs=${1#*=} ;;
    --help) usage && exit 0 ;;
    *) echo "tests/run.sh: unknown option $1 (see --help)" >&2 && exit 2 ;;
  esac
  shift
done
if [[ -n $jobs && ! $jobs =~ ^[1-9][0-9]*$ ]]; then
  echo "tests/run.sh: --jobs takes a number from 1 on, not '$jobs'" >&2
  exit 2
fi
cd "$(dirname "$0")/.." || exit

passed=0 failed=0 skipped=0
notes=()

heading() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

count_failure() {
  failed=$((failed + 1))
  notes+=("FAILED: $1")
}

# Prints the summary and its last line, and exits. Every path of the script ends here.
finish() {
  heading "summary"
  if [[ ${#notes[@]} -gt 0 ]]; then printf '%s\n' "${notes[@]}"; fi
  if ((passed == 0 && failed == 0)); then failed=1; fi
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  exit $((failed > 0))
}

# configure_and_build PRESET TARGET [cmake options]: goes on after an error, so that one broken file does not hide all
# other results.
configure_and_build() {
  if ! cmake --preset "$1" "${@:3}" >"build/$1.configure.log" 2>&1; then
    tail -n 30 "build/$1.configure.log"
    count_failure "cmake --preset $1"
    return 1
  fi
  grep '^-- litestage:' "build/$1.configure.log"
  if ! cmake --build "build/$1" --parallel "$jobs" --target "$2" -- -k 0; then
    count_failure "the build of preset $1"
  fi
}

# run_tests PRESET [ctest options]
run_tests() {
  local preset=$1 report=$PWD/build/$1/report.xml summary
  shift
  rm -f "$report"
  "${without_aslr[@]}" ctest --test-dir "build/$preset" --parallel "$jobs" --output-on-failure \
    --test-output-size-passed 100000 --output-junit "$report" "$@"
  if ! summary=$(tests/summary.py "$report" "$preset"); then
    count_failure "ctest of preset $preset left no report"
    return
  fi
  local more_passed more_failed more_skipped more_notes
  { read -r more_passed more_failed more_skipped && mapfile -t more_notes; } <<<"$summary"
  passed=$((passed + more_passed))
  failed=$((failed + more_failed))
  skipped=$((skipped + more_skipped))
  notes+=("${more_notes[@]}")
}

mkdir -p build
# shellcheck source=cmake/packages.sh
source cmake/packages.sh
heading "packages"
groups=(build test bench)
if ((quick)); then groups=(build test); fi
install_packages "${groups[@]}" || notes+=("Some packages could not be installed")
install_packages optional || notes+=("Without clang the fuzz tests are weaker; without clang-format 14 there is no format check")

# usable_cores: the number that the programs use; nproc ignores CPU quotas.
usable_cores() {
  echo '#include <cstdio>
    #include "litestage/core/threads/usable_cores.hpp"
    int main() { return std::printf("%d\n", litestage::usable_cores().count()) < 0; }' >build/cores.cpp
  if g++ -std=c++20 -Iinclude build/cores.cpp -o build/cores; then build/cores; else nproc; fi
}
if [[ -z $jobs ]]; then
  memory_gb=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  jobs=$(usable_cores)
  if ((jobs > memory_gb / 2)); then jobs=$((memory_gb / 2 > 0 ? memory_gb / 2 : 1)); fi
fi

without_aslr=()
export UBSAN_OPTIONS=print_stacktrace=1
# Without HOME there is no folder of models, and tests that need a model are left out.
export LITESTAGE_MODELS=${LITESTAGE_MODELS:-${HOME:-/nonexistent}/.cache/litestage}

heading "build with AddressSanitizer and UndefinedBehaviorSanitizer, $jobs jobs"
# clang compiles sanitized, unoptimised code in half the time of g++. g++ builds the programs, with all warnings.
compiler=g++
if command -v clang++ >/dev/null; then compiler=clang++; fi
configure_and_build asan all -DCMAKE_CXX_COMPILER="$compiler" || finish
heading "tests"
if ((quick)); then
  run_tests asan --label-exclude slow
  notes+=("--quick: no ThreadSanitizer, no benchmarks, no package test, no headers one by one")
else
  run_tests asan
fi

# count COMMAND...: counts it as passed, failed, or (exit code 77: it cannot run on this machine) skipped. The lines in
# which it says what it did not check are repeated at the end.
count() {
  local left_out
  "$@" | tee build/count.log
  case ${PIPESTATUS[0]} in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) && notes+=("Not checked here: $*") ;;
    *) count_failure "$*" ;;
  esac
  mapfile -t left_out < <(grep '^not checked' build/count.log)
  notes+=("${left_out[@]}")
}

# Benchmarks check their results before they are timed. The largest matrices and some numbers of inputs are left out,
# because they take a minute. Benchmarks of the GPU pass on machines without one.
run_benchmark() {
  if [[ ! -x $1 ]]; then return 77; fi
  "$1" --benchmark_min_time=0.001 '--benchmark_filter=-8960|:7936|:2048|inputs:[248]$' >build/benchmark.log 2>&1 && return
  tail -n 20 build/benchmark.log
  return 1
}

heading "programs"
bench=ON
if ((quick)); then cuda=OFF bench=OFF; fi
if configure_and_build release all "-DLITESTAGE_CUDA=$cuda" "-DLITESTAGE_BUILD_BENCH=$bench" \
  -DLITESTAGE_DEVELOPER_WARNINGS=ON; then
  count tests/programs.sh build/release/examples
  if grep -q '^-- litestage: litestage::cuda' build/release.configure.log || [[ $cuda == OFF ]]; then
    notes+=("The GPU kernels were not compiled, only emulated")
  else
    count tests/cuda/kernels.py build/release/liblitestage_cuda.a
    count tests/cuda/kernels.py --selftest
  fi
  if ((!quick)); then
    heading "the package"
    count cmake -DLITESTAGE_BUILD=build/release -P tests/package/run.cmake
    heading "benchmarks, each once"
    for benchmark in build/release/bench/bench_*; do count run_benchmark "$benchmark"; done
  fi
fi

if ((!quick)); then
  heading "threaded tests under ThreadSanitizer"
  # With the address randomisation of newer Linux kernels, ThreadSanitizer may find its address ranges occupied.
  if setarch -R true 2>/dev/null; then without_aslr=(setarch -R); fi
  echo 'int main() {}' >build/probe.cpp
  if "$compiler" -fsanitize=thread build/probe.cpp -o build/probe 2>/dev/null &&
    "${without_aslr[@]}" build/probe 2>/dev/null; then
    # No models, because the small random models start the same threads and take less time.
    configure_and_build tsan all -DCMAKE_CXX_COMPILER="$compiler" &&
      LITESTAGE_MODELS=/nonexistent LITESTAGE_DATA="" run_tests tsan --label-regex unit
  else
    notes+=("ThreadSanitizer does not work on this machine")
  fi
fi

for model in smollm2-135m qwen2.5-coder-0.5b; do
  if [[ ! -e $LITESTAGE_MODELS/$model.gguf ]]; then
    notes+=("Model $model is not in $LITESTAGE_MODELS (get it: examples/get_model.sh $model)")
  fi
done
if [[ -z ${LITESTAGE_DATA:-} ]]; then
  notes+=("LITESTAGE_DATA is not set, so tests on the original data sets were left out")
fi
finish

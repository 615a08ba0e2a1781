#!/usr/bin/env bash
# Builds and runs the benchmarks: prints median and spread of ten repetitions, and writes JSON with machine and commit
# to build/bench/results/<name>.json. Compare two files of one machine with Google Benchmark's tools/compare.py.
set -euo pipefail

usage() {
  cat <<'END'
usage: bench/run.sh [--filter REGEX] [--quick] [NAME...]

  NAME             only bench/NAME.cpp (default: all)
  --filter REGEX   only benchmarks whose name matches
  --quick          three short repetitions, to see that everything still runs
  --help           this text
END
}

filter=. repetitions=10 min_time=0.2
names=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --filter) filter=${2:?--filter takes a regular expression} && shift ;;
    --filter=*) filter=${1#*=} ;;
    --quick) repetitions=3 min_time=0.01 ;;
    --help) usage && exit 0 ;;
    -*) echo "bench/run.sh: unknown option $1 (see --help)" >&2 && exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
cd "$(dirname "$0")/.."

# shellcheck source=cmake/packages.sh
source cmake/packages.sh
install_packages build bench
cmake --preset bench >/dev/null
cmake --build --preset bench
results=build/bench/results
mkdir -p "$results"

commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 | tr ',=' '  ')
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' build/bench/CMakeCache.txt)
governor=$(cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor 2>/dev/null || echo unknown)

if [[ ${#names[@]} -eq 0 ]]; then
  for source in bench/*.cpp; do
    name=$(basename "$source" .cpp)
    if [[ -x build/bench/bench/bench_$name ]]; then
      names+=("$name")
    else
      echo "left out: $source was not built"  # gpu, without CUDA
    fi
  done
fi
for name in "${names[@]}"; do
  program=build/bench/bench/bench_$name
  if [[ ! -x $program ]]; then
    echo "bench/run.sh: there is no benchmark $name" >&2
    exit 2
  fi
  printf '\n== %s\n' "$name"
  "$program" --benchmark_filter="$filter" --benchmark_repetitions="$repetitions" --benchmark_min_time="$min_time" \
    --benchmark_report_aggregates_only=true --benchmark_out="$results/$name.json" --benchmark_out_format=json \
    --benchmark_context=commit="$commit",cpu="$cpu",compiler="$("$compiler" --version | head -n 1 | tr ',=' '  ')",governor="$governor"
done
printf '\nresults: %s\n' "$results"

#!/usr/bin/env bash
# How long a user waits for the compiler: one core, no cache. Prints seconds against what we allow ourselves, and ends with
# 1 where it is more.
set -euo pipefail
if [[ ${1:-} == --help ]]; then
  echo "usage: [CXX=g++] tests/compile_time.sh"
  exit 0
fi
cd "$(dirname "$0")/.."
compiler=${CXX:-g++}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
flags=(-std=c++20 -Iinclude -Iexamples)
read -ra library_flags < <(pkg-config --cflags eigen3 libpcre2-8 libxxhash)
flags+=("${library_flags[@]}")

# measure WHAT LIMIT COMMAND...: median of three.
measure() {
  local what=$1 limit=$2 times=()
  shift 2
  for _ in 1 2 3; do
    local start=$EPOCHREALTIME
    "$@"
    times+=("$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}')")
  done
  local median
  median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n 2p)
  printf '%-44s %6s s  (limit %s s)\n' "$what" "$median" "$limit"
  if awk -v m="$median" -v l="$limit" 'BEGIN {exit !(m > l)}'; then over=1; fi
}
over=0

"$compiler" --version | head -n 1
echo '#include "litestage/litestage.hpp"' >"$scratch/umbrella.cpp"
measure "litestage.hpp, -fsyntax-only" 4 "$compiler" "${flags[@]}" -fsyntax-only "$scratch/umbrella.cpp"
if [[ -e examples/programs/ask.cpp ]]; then
  measure "examples/programs/ask.cpp, -O2" 40 "$compiler" "${flags[@]}" -O2 -c examples/programs/ask.cpp -o "$scratch/ask.o"
fi
exit $over

#!/usr/bin/env bash
# Runs one fuzz target on its starting inputs. New and crashing inputs go beside the program, not into the sources.
set -euo pipefail
if [[ $# -lt 1 || $1 == --help ]]; then
  echo "usage: tests/fuzz/run.sh build/asan/tests/fuzz/fuzz_gguf [-max_total_time=600] [libFuzzer options]"
  exit $(($# < 1))
fi
program=$(realpath --no-symlinks "$1")  # all targets are links to one program, which looks at its name
shift
name=$(basename "$program")
found=$(dirname "$program")/$name.found
mkdir -p "$found"

folders=("$found")
corpus=$(cd "$(dirname "$0")" && pwd)/corpus/${name#fuzz_}
if [[ -d $corpus ]]; then folders+=("$corpus"); fi
# A run with a fixed seed must not depend on inputs that an earlier run found.
if [[ " $* " == *" -seed="* ]]; then rm -f "$found"/*; fi
exec "$program" -artifact_prefix="$found." -rss_limit_mb=2048 -timeout=20 -print_final_stats=1 "$@" "${folders[@]}"

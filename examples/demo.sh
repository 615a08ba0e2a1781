#!/usr/bin/env bash
# Shows the main use from a fresh clone: a model answers questions in stages, with and without skipped sub-layers and
# early exit; then a plan for arithmetic problems is searched and compared with full depth and with direct answers.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: examples/demo.sh [--help]

Installs missing packages (Debian, Ubuntu; as root or with sudo), gets two models (98 MB and 491 MB), builds the
programs, and says how long this and the rest will take on this machine, from measurements made there and then. It
runs on the CPU, and takes at most about twelve minutes on two cores with AVX2, without the downloads.

  science      smollm2-135m answers 8 of the project's questions in stages, at full depth and with skipped sub-layers
               and early exit. The first question's stages are shown as they are written.
  arithmetic   qwen2.5-coder-0.5b answers word problems. `calibrate` searches a plan on calibration problems; then
               `compare` answers the 48 test problems by reasoning at full depth, with the plan, with the plan and its
               early exit, and directly, and says whether reasoning makes a difference.

After Ctrl-C, run it again: what is finished is kept. Results are in build/demo:
  full_depth.json  skipping.json     of science (build/release/examples/table prints them)
  plan.json  comparison.json  comparison.md   of arithmetic
The models are kept in $LITESTAGE_MODELS (default: litestage in the user's cache folder).
TEXT
}

case ${1:-} in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) echo "demo.sh: unknown option $1, expected --help" >&2; exit 1 ;;
esac

cd "$(dirname "$0")/.."
programs=build/release/examples
results=build/demo
arithmetic=examples/data/arithmetic
mkdir -p "$results"
# The programs finish what they are writing after Ctrl-C; the trap waits for them.
trap 'echo "demo.sh: stopped; run it again to go on" >&2; exit 130' INT TERM

phase=0
# heading TEXT [SECONDS]: one line for a phase, with the seconds that it will take.
heading() {
  phase=$((phase + 1))
  printf '\n== %d of 6: %s%s\n' $phase "$1" "${2:+, about $2 s}"
}
# quietly LOG COMMAND...: prints the command's output only if the command fails.
quietly() {
  local log=$1 code
  shift
  "$@" >"$log" 2>&1 && return
  code=$?
  tail -n 30 "$log" >&2
  echo "demo.sh: this failed: $* (its whole output is in $log)" >&2
  exit $code
}
# show COMMAND...: prints the command as typed in a shell, then runs it.
show() {
  printf '%q ' "$@"
  printf '\n'
  "$@"
}

# settings COMMAND...: what a result depends on.
inputs=(examples/data/*.jsonl "$arithmetic"/*.json)
settings() {
  printf '%q ' "$@"
  printf '\n%s cores, kernels %s\n' "$(nproc)" "${LITESTAGE_ISA-}"
  stat -c '%n %s %Y' "$small" "$large"
  sha256sum "$1" "${inputs[@]}"
}
# prepare FILE COMMAND...: removes FILE and its journal if they were made by a command with other settings.
prepare() {
  local file=$1 now
  shift
  now=$(settings "$@")
  if [[ -e $file.settings && $now == "$(<"$file.settings")" ]]; then return; fi
  rm -f "$file" "$file.journal" "$file.done"
  printf '%s\n' "$now" >"$file.settings"
}
# once FILE COMMAND...: runs a command that writes FILE, unless it has ended before with the same settings.
once() {
  local file=$1
  shift
  prepare "$file" "$@"
  if [[ -e $file && -e $file.done ]]; then
    echo "finished before: $file"
    return
  fi
  show "$@" || return
  touch "$file.done"
}

heading "Packages and models"
# shellcheck disable=SC1091
source cmake/packages.sh
install_packages build model
small=$(examples/get_model.sh smollm2-135m)
large=$(examples/get_model.sh qwen2.5-coder-0.5b)
printf 'models: %s\n        %s\n' "$small" "$large"

# Without the GPU kernels, which take minutes to compile and are not used here.
quietly "$results/configure.log" cmake --preset release -DLITESTAGE_CUDA=OFF
targets=(ask table calibrate compare)
build=(cmake --build build/release --target "${targets[@]}")
# The files that have never been compiled here. (A dry run of ninja does not tell, because it stops where CMake would
# look for new files.)
files=$(ninja -C build/release -t commands "${targets[@]}" | sed -n 's/.* -o \([^ ]*\.o\) -c .*/\1/p' |
  while read -r object; do [[ -e build/release/$object ]] || echo "$object"; done | wc -l)
if ((files > 1)); then
  # The time of one file says how long the build takes: the files take MEAN times as long each, in the mean.
  mean=3
  file=examples/CMakeFiles/table.dir/programs/table.cpp.o
  rm -f "build/release/$file"
  start=$(date +%s.%N)
  quietly "$results/first_file.log" cmake --build build/release --target "$file"
  read -r one build_s < <(awk -v from="$start" -v to="$(date +%s.%N)" -v n="$files" -v mean=$mean -v cores="$(nproc)" \
    'BEGIN { t = to - from; printf "%.1f %.0f\n", t, t * n * mean / (cores < n ? cores : n) }')
  heading "Building the programs ($files files, of which one took $one s)" "$build_s"
else
  heading "Building the programs"
fi
quietly "$results/build.log" "${build[@]}"

# How long the rest takes follows from the time of four problems: it takes so many times as long, by the processor time
# of one run, and a few seconds for loading and measuring. It depends a little on the plan that is found.
problems=(--model "$large" --task "$arithmetic/task.json" --stages "@$arithmetic/reason.json")
calibration=examples/data/arithmetic_calibration.jsonl
heading "The speed of this machine, by four problems"
quietly "$results/speed.txt" once "$results/speed.json" "$programs/ask" "${problems[@]}" --data "$calibration" \
  --questions 4 --batch 4 --json "$results/speed.json"
four=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["clock_s"])' "$results/speed.json")
read -r science_s search_s compare_s minutes < <(awk -v four="$four" 'BEGIN {
  science = 2 * four; search = 10 + 27 * four; compare = 2 + 23 * four
  printf "%.0f %.0f %.0f %.1f\n", science, search, compare, (science + search + compare) / 60 }')
printf 'four problems took %.1f s, so the rest takes about %s minutes\n' "$four" "$minutes"

# science FILE METHOD [options]
science() {
  local file=$results/$1 method=$2
  shift 2
  once "$file" "$programs/ask" --model "$small" --questions 8 --stages tinythinker --metric letter --method "$method" \
    --json "$file" "$@"
}
heading "Science questions in stages, at full depth and with less" "$science_s"
science full_depth.json "full depth"
# These sub-layers are chosen by hand, to show the effect; a search finds better ones.
science skipping.json "static skip and early exit" --skip static:recall=m12-m17,analyze=m10-m19/a12/a15,summarize=m14/m16 \
  --exit low_confidence:window=4,threshold=0.5
"$programs/table" "$results/full_depth.json" "$results/skipping.json"

heading "A plan for arithmetic, searched on calibration problems" "$search_s"
search=("$programs/calibrate" "${problems[@]}" --data "$calibration" --questions 24 --phase decode --step 4 --most 4
  --max-loss 0.15 --exit trial_answer --no-baselines --probe-seconds 8 --check-latency 0 --plan "$results/plan.json")
prepare "$results/plan.json" "${search[@]}"
show "${search[@]}"

heading "The plan and a direct answer, compared with reasoning on the test problems" "$compare_s"
comparison=("$programs/compare" "${problems[@]}" --data examples/data/arithmetic_test.jsonl --plan "$results/plan.json"
  --methods "full_depth,lite_stage,lite_stage_exit,direct" --direct "@$arithmetic/direct.json" --latency-questions 6
  --batch 16 --json "$results/comparison.json" --markdown "$results/comparison.md" --resume)
inputs+=("$results/plan.json")
prepare "$results/comparison.json" "${comparison[@]}"
show "${comparison[@]}"
cat <<'TEXT'

How to read this: the first table says who is right. Reasoning at full depth is the row that the others are compared
with, and the row "direct answer" has the same model answer at once, after the same examples: its p, an exact test on
the 48 problems, says whether reasoning makes a difference. The plan's rows say what skipping sub-layers and ending
texts early cost. The second table has the seconds of one problem at a time, the third the tokens and what was skipped.
The plan was chosen on 24 other problems, which is few: a p above 0.05 does not show that nothing was lost. A plan that
skips nothing says that this small model needs all its layers here; its row is then that of full depth.

The science questions only show how stages are written: smollm2-135m is near chance (25 %) on them. To judge methods,
use more questions and a larger model (1.1 GB), whatever the task (docs/tasks.md) and the stages (docs/stages.md):

  model=$(examples/get_model.sh qwen2.5-coder-1.5b)
  build/release/examples/calibrate --model "$model" --stages chat --task obqa --data train.jsonl --plan plan.json
  build/release/examples/compare --model "$model" --plan plan.json --task obqa --data dev.jsonl

docs/calibrating.md and docs/comparing.md explain calibrate and compare, --help lists all policies and settings, and
docs/adding-a-policy.md shows how to write a policy.
TEXT

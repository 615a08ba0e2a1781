#!/usr/bin/env bash
# Shows the main use from a fresh clone: a model answers questions in three stages at full depth, with skipped
# sub-layers, and with early exit as well; then a plan is searched and compared with full depth and the other methods.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: examples/demo.sh [--help]

Installs missing packages (Debian, Ubuntu; as root or with sudo), gets the model smollm2-135m (98 MB), builds the
programs and answers the project's 32 test questions three times: at full depth, with a fixed set of sub-layers
skipped, and with early exit as well. The first question's stages are shown as they are written. Then `calibrate`
searches a plan on the project's calibration questions, by agreement with full depth, and `compare` compares the plan
with full depth and the other methods on the test questions. All of it runs on the CPU and takes about six minutes on
two cores, including the build. After Ctrl-C, run it again: the search and the comparison continue where they stopped.

Results (build/release/examples/table prints them):
  build/demo/full_depth.json  build/demo/static.json  build/demo/static_and_exit.json
The plan, and the comparison (also as Markdown):
  build/demo/plan.json  build/demo/comparison.json  build/demo/comparison.md
The model is kept in $LITESTAGE_MODELS (default: litestage in the user's cache folder).
TEXT
}

case ${1:-} in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) echo "demo.sh: unknown option $1, expected --help" >&2; exit 1 ;;
esac

cd "$(dirname "$0")/.."
heading() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
# quietly LOG COMMAND...: prints the command's output only if the command fails.
quietly() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "demo.sh: this failed: $* (its whole output is in $log)" >&2
    exit 1
  fi
}

heading "Packages, model, programs"
# shellcheck disable=SC1091
source cmake/packages.sh
install_packages build model
model=$(examples/get_model.sh smollm2-135m)
echo "model: $model"
mkdir -p build/demo
# Without the GPU kernels, which take minutes to compile and are not used here.
quietly build/demo/configure.log cmake --preset release -DLITESTAGE_CUDA=OFF
echo "compiling ask, table, calibrate and compare, about three minutes"
quietly build/demo/build.log cmake --build build/release --target ask table calibrate compare
programs=build/release/examples

# answer NAME FILE [options]
answer() {
  local name=$1 file=build/demo/$2
  shift 2
  heading "$name"
  set -- --questions 32 --stages tinythinker --metric letter --method "$name" --json "$file" "$@"
  printf '%s' "$programs/ask"
  printf ' %q' "$@"
  printf '\n'
  "$programs/ask" --model "$model" "$@"
}

# These sub-layers are chosen by hand, to show the effect; a budget search finds better ones.
skip=static:recall=m12-m17,analyze=m10-m19/a12/a15,summarize=m14/m16
answer "full depth" full_depth.json
answer "static skip" static.json --skip "$skip"
answer "static skip and early exit" static_and_exit.json --skip "$skip" \
  --exit low_confidence:window=4,threshold=0.5

heading "The three runs"
"$programs/table" build/demo/full_depth.json build/demo/static.json build/demo/static_and_exit.json

# show COMMAND...: prints the command as typed in a shell, then runs it.
show() {
  printf '%q ' "$@"
  printf '\n'
  "$@"
}

heading "A plan, searched on the calibration questions"
show "$programs/calibrate" --model "$model" --questions 24 --metric agreement --max-loss 0.25 --step 3 \
  --windows 8 --thresholds 5 --probe-seconds 8 --plan build/demo/plan.json

heading "The plan and the other methods, on the test questions"
show "$programs/compare" --model "$model" --plan build/demo/plan.json --questions 32 --latency-questions 6 --batch 16 \
  --json build/demo/comparison.json --markdown build/demo/comparison.md --resume
cat <<'TEXT'

How to read this: smollm2-135m has 135 million parameters and is near chance (25 %) on such questions, and 32 questions
leave about 17 points of uncertainty either way. So compare time and tokens rather than accuracy: skipping makes a token
cheaper but may make the model write more tokens, early exit stops a stage whose text degenerates, and the search for
the plan minimised the time of whole answers. To judge a plan, use a model that can do the task (1.1 GB):

  build/release/examples/ask --model "$(examples/get_model.sh qwen2.5-coder-1.5b)" --stages chat
  build/release/examples/calibrate --model ... --stages chat --task obqa --data train.jsonl --questions 60 --plan plan.json
  build/release/examples/compare --model ... --plan plan.json --task obqa --data dev.jsonl

With --stages direct:chat=true they run the control without reasoning. docs/calibrating.md and docs/comparing.md explain
calibrate and compare, --help lists all policies and settings, and docs/adding-a-policy.md shows how to write a policy.
TEXT

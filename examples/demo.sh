#!/usr/bin/env bash
# The main job from a fresh clone on: a three-stage run on real questions with a real model, at full depth, with skipped
# sub-layers, and with early exit on top; then one table.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: examples/demo.sh [--help]

Installs what is missing (Debian, Ubuntu; as root or with sudo), gets the model smollm2-135m (98 MB), builds the programs
and answers the project's 32 test questions three times: at full depth, with a fixed set of sub-layers skipped, and with
early exit as well. The first question's stages are shown as they are written. At the end, one table compares the runs.
Takes about five minutes on two cores, the build included. Runs on the CPU.

Results, to be looked at with build/release/examples/table:
  build/demo/full_depth.json  build/demo/static.json  build/demo/static_and_exit.json
The model is kept in $LITESTAGE_MODELS (default: litestage in the user's cache folder).
TEXT
}

case ${1:-} in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) echo "demo.sh: unknown option $1, accepted is --help" >&2; exit 1 ;;
esac

cd "$(dirname "$0")/.."
heading() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
# quietly LOG COMMAND...: its output only where it fails.
quietly() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "demo.sh: this failed: $* (everything it said: $log)" >&2
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
quietly build/demo/configure.log cmake --preset release
echo "compiling ask and table, about a minute"
quietly build/demo/build.log cmake --build build/release --target ask table
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

# The sub-layers are picked by hand, to show the effect; finding good ones is what a budget search is for.
skip=static:recall=m12-m17,analyze=m10-m19/a12/a15,summarize=m14/m16
answer "full depth" full_depth.json
answer "static skip" static.json --skip "$skip"
answer "static skip and early exit" static_and_exit.json --skip "$skip" \
  --exit low_confidence:window=4,threshold=0.5

heading "The three runs"
"$programs/table" build/demo/full_depth.json build/demo/static.json build/demo/static_and_exit.json
cat <<'TEXT'

How to read this: smollm2-135m has 135 million parameters and is near chance (25 %) on such questions, and 32 questions
leave about 17 points of uncertainty either way. So the table is not about which run is the most accurate, but about time
and tokens: skipping makes a token cheaper and may make the model write more of them, and early exit is there to stop it
where it rambles. Times are those of this machine, with whatever else it was doing. A model that can do the task (1.1 GB), asked as a chat:

  build/release/examples/ask --model "$(examples/get_model.sh qwen2.5-coder-1.5b)" --stages chat

The same with --stages direct:chat=true is the control without reasoning. build/release/examples/ask --help lists all
policies and their settings; docs/adding-a-policy.md shows how to write one.
TEXT

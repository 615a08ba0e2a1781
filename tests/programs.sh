#!/usr/bin/env bash
# What the programs say to bad input: one sentence on standard error that names what is wrong, exit code 1, no file left.
set -uo pipefail
if [[ $# -ne 1 || $1 == --help ]]; then
  echo "usage: tests/programs.sh FOLDER   (of the built programs, e.g. build/release/examples)"
  exit $(($# != 1))
fi
programs=$(cd "$1" && pwd) || exit 1
sources=$(cd "$(dirname "$0")" && pwd) || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0

# refuses WORDS COMMAND...: what it says on standard error is one line with these words, and it exits with 1.
refuses() {
  local words=$1 said code
  shift
  said=$("$programs/$1" "${@:2}" 2>&1 >/dev/null)
  code=$?
  if [[ $code -ne 1 || $said != *"$words"* || $(wc -l <<<"$said") -ne 1 ]]; then
    printf 'FAILED: %s\n  exit code %d, expected 1; it said: %s\n  expected one line with: %s\n' "$*" "$code" "$said" "$words"
    failures=$((failures + 1))
  fi
}

printf 'GGUX0000000000000000' >magic.gguf
printf 'GGUF' >short.gguf
printf '{"id": "a", "question": {"stem": "?", "choices": []}}\n' >empty.jsonl
printf '{"id": \n' >torn.jsonl
printf '{"format": "litestage.results/1"}\n' >results.txt

# Where there is a GPU this is what it does wrong; elsewhere, the emulated device. It takes longest, beside the rest.
"$programs/validate_gpu" --checks-only --quiet --synthetic smollm2-135m --type q8_0 >validated.txt 2>&1 &
validation=$!

echo "Water boils." >text.txt
for model in nothing magic short; do
  refuses "$model.gguf" ask --model $model.gguf
  refuses "$model.gguf" score --model $model.gguf --text text.txt
  refuses "$model.gguf" tokenize --model $model.gguf
done
refuses "--text" score --model magic.gguf
refuses "--nonsense" ask --nonsense
refuses "--nonsense" score --text text.txt --nonsense
refuses "--nonsense" tokenize --nonsense
refuses "accepted is one of never, static" ask --skip nonsense
refuses "m9-m4" ask --skip static:all=m9-m4
refuses "windw" ask --exit low_confidence:windw=3
refuses "accepted is one of tinythinker" ask --stages never
refuses "--questions" ask --questions x
refuses "torn.jsonl:1" ask --model magic.gguf --data torn.jsonl
refuses "empty.jsonl:1" ask --model magic.gguf --data empty.jsonl
refuses "nofolder" ask --model magic.gguf --json nofolder/out.json
refuses "nofolder" score --model magic.gguf --text text.txt --json nofolder/out.json
refuses "nofolder" score --model magic.gguf --text text.txt --logits nofolder/out.npy
refuses "--threads" ask --threads 5000
refuses "--temperature" ask --temperature -1
refuses "--profile" ask --backend gpu --profile --model magic.gguf
for model in nothing magic short; do refuses "$model.gguf" compare --model $model.gguf; done
refuses "--nonsense" compare --nonsense
refuses "accepted are all, full_depth, lite_stage" compare --methods full_depth,nonsense
refuses "--metric" compare --metric both
refuses "--resume requires --json" compare --resume
refuses "nothing.json" compare --plan nothing.json
refuses "found obqa more than once" compare --task obqa --task obqa --data torn.jsonl --data torn.jsonl
refuses "found 1 files, accepted are 2" compare --task obqa --task csqa --data torn.jsonl
refuses "accepted are 0, 1 or 2" compare --task obqa --task csqa --data a --data b --plan a --plan b --plan c
refuses "accepted with a single --task" compare --task obqa --task csqa --data a --data b --exclude c
refuses "accepted is litestage.plan/1" compare --plan results.txt
refuses "torn.jsonl:1" compare --model magic.gguf --data torn.jsonl
refuses "nofolder" compare --model magic.gguf --json nofolder/out.json
refuses "nofolder" compare --model magic.gguf --markdown nofolder/out.md
for model in nothing magic short; do refuses "$model.gguf" calibrate --model $model.gguf; done
refuses "--nonsense" calibrate --nonsense
refuses "accepted is one of racing, exhaustive_sweep" calibrate --strategy nonsense
refuses "accepted is one of max_prob" calibrate --criterion nonsense
refuses "--metric" calibrate --metric both
refuses "--least-accuracy" calibrate --least-accuracy 0.5 --max-loss 0.1
refuses "accepted is cpu" calibrate --backend reference
refuses "torn.jsonl:1" calibrate --model magic.gguf --data torn.jsonl
refuses "torn.jsonl:1" calibrate --model magic.gguf --exclude torn.jsonl
refuses "nofolder" calibrate --model magic.gguf --plan nofolder/plan.json
refuses "accepted is litestage.plan/1" ask --model magic.gguf --plan results.txt
refuses "--plan" ask --plan results.txt --skip never
refuses "nothing.gguf" validate_gpu --model nothing.gguf
refuses "smollm2-135m" validate_gpu --synthetic nonsense
refuses "--type" validate_gpu --type q3_k
# Programs built with CUDA start and answer on the CPU where there is neither a driver nor cuBLAS, here or hidden from
# them; on the CPU they do not even look for these.
if ldd "$programs/ask" | grep -E 'libcuda|libcublas'; then
  echo "FAILED: ask cannot start without these"
  failures=$((failures + 1))
fi
model=${LITESTAGE_MODELS:-$HOME/.cache/litestage}/smollm2-135m.gguf
if [[ -e $model ]]; then
  g++ -shared -fPIC -o hide.so "$sources/cuda/libraries/hide.cpp" -ldl || failures=$((failures + 1))
  export LITESTAGE_HIDDEN=$scratch/hidden.txt
  touch hidden.txt
  if ! LD_PRELOAD=$scratch/hide.so "$programs/ask" --model "$model" --questions 1 --stages direct --quiet >answer.txt ||
    [[ -s hidden.txt ]]; then
    echo "FAILED: ask on the CPU without libraries of CUDA; it looked for these: $(<hidden.txt)"
    failures=$((failures + 1))
  fi
  if nm "$programs/ask" | grep cudaGetDeviceCount >/dev/null; then  # -q would end nm early, which counts as failed
    LD_PRELOAD=$scratch/hide.so refuses "needs an NVIDIA driver" ask --backend gpu --model "$model" --questions 1 --quiet
    if ! grep -q libcuda hidden.txt; then
      echo "FAILED: the driver was not hidden from ask"
      failures=$((failures + 1))
    fi
  else
    refuses "built without CUDA" ask --backend gpu --model "$model" --questions 1 --quiet
  fi
  rm -f hide.so
else
  echo "not checked without smollm2-135m.gguf: ask where libraries of CUDA are hidden from it"
fi

# interrupts SAYS COMMAND...: Ctrl-C ends it with 130 and these words.
interrupts() {
  local words=$1 code
  shift
  "$programs/$1" "${@:2}" >out.txt 2>said.txt &
  local pid=$!
  until [[ -s out.txt || -s said.txt ]]; do sleep 0.1; done
  sleep 0.5
  kill -INT $pid
  wait $pid
  code=$?
  if [[ $code -ne 130 ]] || ! grep -q "$words" said.txt; then
    printf 'FAILED: Ctrl-C on %s\n  exit code %d, expected 130; it said:\n' "$*" "$code"
    cat said.txt
    failures=$((failures + 1))
  fi
}
if [[ -e $model ]]; then
  refuses "accepted are 2 to 8192 (the model's context)" ask --model "$model" --context 9000
  refuses "the first prompt has" ask --model "$model" --context 16
  refuses "--questions is 33, accepted are 1 to 32" ask --model "$model" --questions 33
  refuses "--questions is 33, accepted are 1 to 32" calibrate --model "$model" --questions 33
  refuses "--most is 61, accepted are 0 to 60" calibrate --model "$model" --most 61
  interrupts "ask: stopped" ask --model "$model" --json stopped.json
  yes "Water boils." | head -n 1000 >long.txt
  interrupts "score: stopped" score --model "$model" --text long.txt --json no.json
  interrupts "observe: stopped" observe --model "$model" --stages tinythinker
  interrupts "calibrate: stopped" calibrate --model "$model" --probe-seconds 60 --plan no.json --journal stopped.txt
  rm -f stopped.json
  # A plan of a few questions, for nothing but the checks of plans and journals.
  search=(calibrate --model "$model" --questions 2 --stages direct --metric agreement --max-loss 1 --step 30 --windows 0
    --no-baselines --probe-seconds 0.2 --check-latency 0 --threads 1 --quiet --plan plan.txt --journal journal.txt)
  (failures=0 && ulimit -f 1 && refuses "journal.txt: cannot be written: File too large" "${search[@]}" && exit $failures) ||
    failures=$((failures + 1))
  "$programs/${search[0]}" "${search[@]:1}" >made.txt 2>&1 || { cat made.txt && failures=$((failures + 1)); }
  grep -q '"portable"' journal.txt || LITESTAGE_ISA=portable refuses 'instruction_set is "' "${search[@]}"
  (failures=0 && flock 9 && refuses "journal.txt: is in use by other work" "${search[@]}" && exit $failures) 9<journal.txt ||
    failures=$((failures + 1))
  refuses "accepted is direct, the schedule of plan.txt" ask --model "$model" --plan plan.txt --stages tinythinker
  refuses "accepted is direct, the schedule of plan.txt" compare --model "$model" --plan plan.txt --stages tinythinker
  refuses "journal.txt" calibrate --model "$model" --questions 3 --stages direct --threads 1 --plan plan.txt --journal journal.txt
  "$programs/ask" --model "$model" --plan plan.txt --questions 2 --quiet >answer.txt || failures=$((failures + 1))
else
  echo "without smollm2-135m in the cache: not checked are Ctrl-C, plans, and numbers that only a model can refuse"
fi

for program in ask score tokenize table calibrate compare custom_policy observe validate_gpu; do
  "$programs/$program" --help >help.txt || { echo "FAILED: $program --help" && failures=$((failures + 1)); }
  [[ -s help.txt ]] || { echo "FAILED: $program --help says nothing" && failures=$((failures + 1)); }
done
if ! wait $validation; then
  echo "FAILED: validate_gpu"
  cat validated.txt
  failures=$((failures + 1))
fi
left=$(find . -type f ! -name '*.gguf' ! -name '*.jsonl' ! -name '*.txt')
if [[ -n $left ]]; then
  echo "FAILED: files were left behind: $left"
  failures=$((failures + 1))
fi
echo "programs: $failures failures"
exit $((failures > 0))

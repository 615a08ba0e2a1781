#!/usr/bin/env bash
# Checks the programs' answers to bad input: one sentence on standard error, exit code 1, and no file left behind.
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

# refuses WORDS COMMAND...: the command writes one line with these words to standard error and exits with 1.
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

# warns WORDS COMMAND...: the command writes one line with these words to standard error and exits with 0.
warns() {
  local words=$1 said code
  shift
  said=$("$programs/$1" "${@:2}" 2>&1 >/dev/null)
  code=$?
  if [[ $code -ne 0 || $said != "warning: "*"$words"* || $(wc -l <<<"$said") -ne 1 ]]; then
    printf 'FAILED: %s\n  exit code %d, expected 0; it said: %s\n  expected one warning with: %s\n' "$*" "$code" "$said" "$words"
    failures=$((failures + 1))
  fi
}

printf 'GGUX0000000000000000' >magic.gguf
printf 'GGUF' >short.gguf
printf '{"id": "a", "question": {"stem": "?", "choices": []}}\n' >empty.jsonl
printf '{"id": \n' >torn.jsonl
printf '{"format": "litestage.results/1"}\n' >results.txt
printf '{"name": "t", "kind": "number"}\n' >keyless.json
printf '{"name": "t", "kind": "digit"}\n' >kind.json
printf '{"name": "sums", "kind": "number", "question": "/q", "gold": {"at": "/a"}}\n' >sums.json
printf '{"q": "3 + 3?", "a": "six"}\n' >sums.jsonl
printf '{"id": "a", "question": "Where?"}\n' >open.jsonl

# Checks the GPU, or without one the emulated device. It runs in parallel with the rest, because it takes longest.
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
refuses "expected one of never, static" ask --skip nonsense
refuses "m9-m4" ask --skip static:all=m9-m4
refuses "windw" ask --exit low_confidence:windw=3
refuses "expected one of tinythinker" ask --stages never
refuses "--questions" ask --questions x
refuses "torn.jsonl:1" ask --model magic.gguf --data torn.jsonl
refuses "empty.jsonl:1" ask --model magic.gguf --data empty.jsonl
refuses "expected obqa, csqa" ask --model magic.gguf --task nonsense
refuses "nothing.json" ask --model magic.gguf --task nothing.json
refuses "keyless.json: key \"question\" is missing" ask --model magic.gguf --task keyless.json
refuses "expected one of letter, number" ask --model magic.gguf --task kind.json
refuses "sums.jsonl:1: a is \"six\", expected a number" ask --model magic.gguf --task sums.json --data sums.jsonl
refuses "--metric is letter, expected extracted" ask --model magic.gguf --task open --data open.jsonl --metric letter
refuses "--metric is letter, expected extracted" compare --model magic.gguf --task open --data open.jsonl --metric letter
refuses "--metric is letter, expected extracted" calibrate --model magic.gguf --task open --data open.jsonl --metric letter
refuses "is the file that --task reads" ask --model magic.gguf --task sums.json --data sums.jsonl --json sums.json
rm -f keyless.json kind.json sums.json
refuses "nofolder" ask --model magic.gguf --json nofolder/out.json
refuses "nofolder" score --model magic.gguf --text text.txt --json nofolder/out.json
refuses "nofolder" score --model magic.gguf --text text.txt --logits nofolder/out.npy
refuses "--threads" ask --threads 5000
refuses "--temperature" ask --temperature -1
refuses "--profile" ask --backend gpu --profile --model magic.gguf
# Folders: empty, without config.json, broken, with a tokenizer of another form, and an output that is one of the files.
mkdir empty bare broken
printf '{}' >bare/tokenizer.json
printf '{"architectures": ["MambaForCausalLM"]}' >broken/config.json
printf 'x' >broken/tokenizer.model
for program in ask "score --text text.txt" validate_gpu; do
  # shellcheck disable=SC2086  # the program and an option
  refuses "empty: is an empty folder, expected config.json" $program --model empty
  # shellcheck disable=SC2086
  refuses "bare: has no config.json" $program --model bare
  # shellcheck disable=SC2086
  refuses 'broken/config.json: key architectures is "MambaForCausalLM", expected one of LlamaForCausalLM' $program --model broken/
done
refuses "bare/tokenizer.json: key model is missing" tokenize --model bare
# Adapters are named before any work; none of their files is an output.
"$sources/peft_adapter.py" style 2 model.layers.0.self_attn.q_proj=576x576 model.layers.9.mlp.down_proj=576x1536 ||
  failures=$((failures + 1))
for program in ask compare calibrate "score --text text.txt"; do
  # shellcheck disable=SC2086  # the program and an option
  refuses '--lora is "style:much", which is the name of no file or folder, expected a folder or a GGUF file' $program \
    --model magic.gguf --lora style:much
done
for output in "ask --json" "compare --json" "calibrate --plan" "score --text text.txt --json"; do
  # shellcheck disable=SC2086  # the program and an option
  refuses "is the file that --lora reads" $output style/adapter_config.json --model magic.gguf --lora style:2
done
refuses "broken: has tokenizer.model but no tokenizer.json" tokenize --model broken
refuses "--json broken/config.json: is the file that --model reads" ask --model broken --json broken/config.json
rm -r empty bare broken
refuses "text.txt: is not a GGUF file" ask --model text.txt
for model in nothing magic short; do refuses "$model.gguf" compare --model $model.gguf; done
refuses "--nonsense" compare --nonsense
refuses "expected all, full_depth, lite_stage" compare --methods full_depth,nonsense
refuses "--metric" compare --metric both
refuses "--resume requires --json" compare --resume
refuses "nothing.json" compare --plan nothing.json
refuses "found obqa more than once" compare --task obqa --task obqa --data torn.jsonl --data torn.jsonl
refuses "found 1 file, expected 2" compare --task obqa --task csqa --data torn.jsonl
refuses "expected 0, 1 or 2" compare --task obqa --task csqa --data a --data b --plan a --plan b --plan c
refuses "expected a single one" compare --task obqa --task csqa --data a --data b --exclude c
refuses "expected litestage.plan/1" compare --plan results.txt
refuses "torn.jsonl:1" compare --model magic.gguf --data torn.jsonl
refuses "nofolder" compare --model magic.gguf --json nofolder/out.json
refuses "nofolder" compare --model magic.gguf --markdown nofolder/out.md
# The files of the project's arithmetic problems are read before the model: the model is what is refused.
sums=$sources/../examples/data
arithmetic=(--task "$sums/arithmetic/task.json" --stages "@$sums/arithmetic/reason.json")
for half in calibration test; do
  refuses "magic.gguf" ask --model magic.gguf "${arithmetic[@]}" --data "$sums/arithmetic_$half.jsonl" --questions 48
done
directly=(compare --model magic.gguf "${arithmetic[@]}" --data "$sums/arithmetic_test.jsonl" --direct)
refuses "magic.gguf" "${directly[@]}" "@$sums/arithmetic/direct.json"
refuses "--direct: found \"nonsense\", expected one of tinythinker" "${directly[@]}" nonsense
refuses "--direct: stages single: found no answer letter" "${directly[@]}" single
refuses "--direct: found --methods full_depth, majority, expected the method direct" \
  "${directly[@]}" direct --methods full_depth,majority
for model in nothing magic short; do refuses "$model.gguf" calibrate --model $model.gguf; done
refuses "--nonsense" calibrate --nonsense
refuses "expected one of racing, exhaustive_sweep" calibrate --strategy nonsense
refuses "expected one of max_prob" calibrate --criterion nonsense
refuses "--metric" calibrate --metric both
refuses "--least-accuracy" calibrate --least-accuracy 0.5 --max-loss 0.1
refuses "expected cpu" calibrate --backend reference
refuses "torn.jsonl:1" calibrate --model magic.gguf --data torn.jsonl
refuses "torn.jsonl:1" calibrate --model magic.gguf --exclude torn.jsonl
refuses "nofolder" calibrate --model magic.gguf --plan nofolder/plan.json
refuses "expected litestage.plan/1" ask --model magic.gguf --plan results.txt
refuses "--plan" ask --plan results.txt --skip never
refuses "nothing.gguf" validate_gpu --model nothing.gguf
refuses "smollm2-135m" validate_gpu --synthetic nonsense
refuses "--type" validate_gpu --type q3_x
# Texts that could be read as a different number: beyond 64 bits, octal, not a number.
refuses "--seed: found \"99999999999999999999\", expected a whole number" ask --seed 99999999999999999999
refuses "--questions: found \"010\", expected a whole number from 1" ask --questions 010
refuses "--top: found \"-1\"" score --text text.txt --top -1
refuses "--max-loss: found \"nan\", expected a number from 0 to 1" calibrate --max-loss nan

# No question is left: all are excluded, or the file has none.
for id in s1 s2; do
  printf '{"id": "%s", "question": {"stem": "Which of these is cold, %s?", "choices": [{"text": "ice", "label": "A"}, {"text": "soup", "label": "B"}]}, "answerKey": "A"}\n' $id $id
done >two.jsonl
echo "[]" >none.jsonl
for program in ask compare calibrate "calibrate --importance-only"; do
  # shellcheck disable=SC2086  # the program and an option
  refuses "none of its 2 questions is left" $program --model magic.gguf --data two.jsonl --exclude two.jsonl --quiet
  # shellcheck disable=SC2086
  refuses "holds no records" $program --model magic.gguf --data none.jsonl
done
refuses "none of its 2 questions is left" ask --model magic.gguf --data two.jsonl --exclude two.jsonl --quiet --json r.json

# An output would overwrite an input or a second output, also through links and different spellings of a path.
ln -s magic.gguf link.gguf
ln two.jsonl hard.jsonl
echo '{"name": "never"}' >spec.txt
refuses "--json two.jsonl: is the file that --data reads" ask --model magic.gguf --data two.jsonl --json two.jsonl
refuses "--json hard.jsonl: is the file that --data reads" ask --model magic.gguf --data two.jsonl --json hard.jsonl
refuses "--json link.gguf: is the file that --model reads" ask --model magic.gguf --json link.gguf
refuses "--json magic.gguf: is the file that --model reads" ask --model link.gguf --json magic.gguf
refuses "--json spec.txt: is the file that --skip reads" ask --model magic.gguf --skip @spec.txt --json spec.txt
refuses "--json spec.txt: is the file that --direct reads" "${directly[@]}" @spec.txt --json spec.txt
refuses "--json two.jsonl: is the file that --exclude reads" ask --model magic.gguf --exclude two.jsonl --json two.jsonl
refuses "--json results.txt: is the file that --plan reads" compare --model magic.gguf --plan results.txt --json results.txt
refuses "--markdown ./c.txt: is the file that --json writes too" compare --model magic.gguf --json c.txt --markdown ./c.txt
refuses "--json c.obqa.txt: is the file that --data reads" compare --model magic.gguf --task obqa --task csqa --data two.jsonl \
  --data c.obqa.txt --json c.txt
refuses "--plan p.txt: is the file that --journal writes too" calibrate --model magic.gguf --plan p.txt --journal p.txt
refuses "--journal two.jsonl: is the file that --data reads" calibrate --model magic.gguf --data two.jsonl --journal two.jsonl
refuses "--json text.txt: is the file that --text reads" score --model magic.gguf --text text.txt --json text.txt
refuses "--json l.txt: is the file that --logits writes too" score --model magic.gguf --text text.txt --logits l.txt --json l.txt
refuses "--json magic.gguf: is the file that --model reads" validate_gpu --model magic.gguf --json magic.gguf

# Control characters are escaped, and long names are cut.
printf 'GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0a\033[31m\143\0\0\0' >escape.gguf
{ printf 'GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\210\023\0\0\0\0\0\0' && printf 'k%.0s' {1..5000} && printf '\143\0\0\0'; } >long.gguf
refuses '"a\x1b[31m"' score --model escape.gguf --text text.txt
refuses '...' score --model long.gguf --text text.txt
# The same characters in a value: general.architecture, a STRING.
printf 'GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\24\0\0\0\0\0\0\0general.architecture\10\0\0\0\6\0\0\0\0\0\0\0a\033[31m' >escape.gguf
refuses 'general.architecture is "a\x1b[31m"' validate_gpu --model escape.gguf
if [[ $("$programs/score" --model long.gguf --text text.txt 2>&1 | wc -c) -gt 400 ]]; then
  echo "FAILED: score prints a name of 5000 characters"
  failures=$((failures + 1))
fi

# No variable names the folder of models.
(failures=0 && unset HOME XDG_CACHE_HOME LITESTAGE_MODELS && refuses "HOME is not set" ask --prompt Hello && exit $failures) ||
  failures=$((failures + 1))
if (unset HOME LITESTAGE_MODELS && XDG_CACHE_HOME=relative "$sources/../examples/get_model.sh" smollm2-135m) >out.txt 2>said.txt ||
  ! grep -q "HOME is not set" said.txt; then
  echo "FAILED: get_model.sh without HOME"
  failures=$((failures + 1))
fi

# Programs built with CUDA start, and answer on the CPU, without a driver and without cuBLAS (absent, or hidden from
# them); on the CPU they do not even look for these.
if ldd "$programs/ask" | grep -E 'libcuda|libcublas'; then
  echo "FAILED: ask cannot start without the libraries above"
  failures=$((failures + 1))
fi
model=${LITESTAGE_MODELS:-${HOME:-/nonexistent}/.cache/litestage}/smollm2-135m.gguf
if [[ -e $model ]]; then
  g++ -shared -fPIC -o hide.so "$sources/cuda/libraries/hide.cpp" -ldl || failures=$((failures + 1))
  export LITESTAGE_HIDDEN=$scratch/hidden.txt
  touch hidden.txt
  if ! LD_PRELOAD=$scratch/hide.so "$programs/ask" --model "$model" --questions 1 --stages direct --quiet >answer.txt ||
    [[ -s hidden.txt ]]; then
    echo "FAILED: ask on the CPU without the libraries of CUDA; it looked for: $(<hidden.txt)"
    failures=$((failures + 1))
  fi
  if nm "$programs/ask" | grep cudaGetDeviceCount >/dev/null; then  # grep -q would end nm early: a failure
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

# interrupts WORDS COMMAND...: after Ctrl-C the command exits with 130 and has written these words to standard error.
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
# check WORDS COMMAND...: the command succeeds.
check() {
  local what=$1
  shift
  if "$@"; then return; fi
  echo "FAILED: $what"
  failures=$((failures + 1))
}
# holds_answers FILE: the results file can be read and has answers.
holds_answers() { "$programs/table" "$1" >table.txt && grep -q '[0-9]' table.txt; }
# ends_with CODE COMMAND...: the command has this exit code.
ends_with() {
  local expected=$1
  shift
  "$@"
  local code=$?
  [[ $code -eq $expected ]] || { echo "exit code $code, expected $expected: $*" && return 1; }
}

if [[ -e $model ]]; then
  short=(--model "$model" --stages direct:max_new_tokens=2)

  # A lost terminal or closed pipe keeps the answers, as Ctrl-C does; under nohup a lost terminal has no effect. A child
  # inherits an ignored SIGHUP, so `env` resets it where this script itself runs under nohup.
  rm -f said.txt
  env --default-signal=HUP "$programs/ask" --model "$model" --questions 32 --json hangup.txt >out.txt 2>said.txt &
  pid=$!
  until grep -q 'of 32 questions' said.txt 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
  kill -HUP $pid $pid
  check "ask after SIGHUP ends with 129" ends_with 129 wait $pid
  check "ask after SIGHUP keeps its answers" holds_answers hangup.txt
  (trap '' HUP && exec "$programs/ask" "${short[@]}" --questions 8 --quiet --json nohup.txt) >out.txt 2>said.txt &
  pid=$!
  sleep 0.3
  kill -HUP $pid 2>/dev/null
  check "ask under nohup ends with 0" ends_with 0 wait $pid
  check "ask under nohup keeps its answers" holds_answers nohup.txt
  "$programs/ask" "${short[@]}" --questions 3 --json pipe.txt 2>said.txt | grep -m 1 answer: >out.txt
  check "ask with a closed pipe ends with 141" test "${PIPESTATUS[0]}" -eq 141
  check "ask with a closed pipe keeps its answers" holds_answers pipe.txt

  # Closed standard streams: a file opened later must not get the number of one, or the output would go to it.
  search=(calibrate --model "$model" --questions 1 --stages direct --importance-only --journal closed_journal.txt)
  check "calibrate without standard error" ends_with 0 "$programs/${search[0]}" "${search[@]:1}" >out.txt 2>&-
  check "its journal holds nothing but its lines" test "$(grep -vc '^{"fnv1a":' closed_journal.txt)" -eq 0
  check "calibrate goes on with that journal" ends_with 0 "$programs/${search[0]}" "${search[@]:1}" --quiet >out.txt
  check "calibrate without standard output" ends_with 0 "$programs/${search[0]}" "${search[@]:1}" --quiet >&- 2>said.txt
  check "that journal holds nothing but its lines" test "$(grep -vc '^{"fnv1a":' closed_journal.txt)" -eq 0
  check "ask without standard streams" ends_with 0 "$programs/ask" "${short[@]}" --questions 1 --json closed.txt <&- >&- 2>&-
  check "ask without standard streams writes its results" holds_answers closed.txt

  # The results file cannot be put in place at the end: the report is printed, and the results are kept elsewhere.
  rm out.txt
  "$programs/ask" --model "$model" --questions 2 --json taken.txt >out.txt 2>said.txt &
  pid=$!
  until [[ -s out.txt ]]; do sleep 0.05; done
  mkdir taken.txt
  check "ask whose file cannot be written ends with 1" ends_with 1 wait $pid
  check "it prints its report all the same" grep -q "^letter scoring   " out.txt
  check "it says where the results lie" grep -q "taken.txt: is a folder.*lies in taken.txt.kept" said.txt
  mv taken.txt.kept kept.txt
  check "the results lie there" holds_answers kept.txt
  (ulimit -f 1 && TMPDIR=/nonexistent exec "$programs/ask" "${short[@]}" --questions 2 --json full.txt 2>said.txt) | cat >out.txt
  check "where no file can be written, the results are printed" grep -q '"format": "litestage.results/1"' out.txt
  check "and after the report" grep -q "^letter scoring   " out.txt

  # The positions that a question needs whatever the model writes are checked first; later only that question fails.
  words=$(printf 'Some long words come first. %.0s' {1..22})
  { head -n 1 two.jsonl && tail -n 1 two.jsonl | sed "s/Which/$words Which/"; } >uneven.jsonl
  uneven=(--model "$model" --data uneven.jsonl --stages chat:recall_tokens=8,analyze_tokens=8,summarize_tokens=8)
  refuses "expected at most 150 (--context)" ask "${uneven[@]}" --context 150
  least=$("$programs/ask" "${uneven[@]}" --context 150 2>&1 | grep -oE 'at least [0-9]+' | grep -oE '[0-9]+')
  compared=(compare "${uneven[@]}" --latency-questions 1 --methods full_depth,direct --json compared.txt --journal compared_journal.txt --quiet)
  check "ask answers what fits" ends_with 0 "$programs/ask" "${uneven[@]}" --context "$least" --json uneven.txt >out.txt 2>said.txt
  check "ask says what does not fit" grep -q "1 of 2 questions does not fit into --context" out.txt
  check "ask says beforehand what may not fit" grep -q "warning: --context $least may be too small for 1 of 2" said.txt
  check "its results say it too" grep -q '"no_room"' uneven.txt
  check "compare answers what fits" ends_with 0 "$programs/${compared[0]}" "${compared[@]:1}" --context "$least" >out.txt 2>said.txt
  check "compare says what does not fit" grep -q "full depth: 1 of 2 questions does not fit into --context" out.txt
  echo '{"name": "shorter", "skip": {"name": "static", "recall": ["m9"]}, "exit": "cap", "controls": true}' >own.txt
  check "compare goes on with a method of one's own" ends_with 0 "$programs/${compared[0]}" "${compared[@]:1}" \
    --own-method own.txt --context "$least" >out.txt 2>said.txt
  check "and shows it" grep -q '"name": "shorter"' compared.txt
  check "with its controls" grep -q '"name": "cap, tokens of shorter"' compared.txt

  refuses "expected 2 to 8192 (the model's context)" ask --model "$model" --context 9000
  refuses "positions, expected at most 16 (--context)" ask --model "$model" --context 16
  refuses "--questions is 33, expected 1 to 32" ask --model "$model" --questions 33
  refuses "--questions is 33, expected 1 to 32" calibrate --model "$model" --questions 33
  refuses "--most is 61, expected 0 to 60" calibrate --model "$model" --most 61
  refuses "the early exit never has no settings to try" calibrate --model "$model" --exit never
  refuses "--exit" compare --model "$model" --exit trial_answer:threshold=2
  own=(compare --model "$model" --own-method own.txt)
  echo '{"skip": {"name": "static", "all": ["a30"]}}' >own.txt
  refuses "own.txt: " "${own[@]}"
  echo '{"exit": {"name": "cap", "recal": 3}}' >own.txt
  refuses "own.txt, exit: stage \"recal\" is unknown" "${own[@]}"
  echo '{"stages": "cot", "controls": true}' >own.txt
  refuses "own.txt, controls: found true with stages of its own" "${own[@]}"
  echo '{"skips": "never"}' >own.txt
  refuses 'own.txt: key "skips" is unknown, expected name, skip, exit, stages, controls' "${own[@]}"
  echo '{"name": "full depth"}' >own.txt
  refuses 'two methods have the name "full depth"' "${own[@]}" --methods full_depth
  refuses "--least-accuracy" calibrate --model "$model" --metric gold_log_prob --least-accuracy 0.5
  interrupts "ask: stopped" ask --model "$model" --json stopped.json
  yes "Water boils." | head -n 1000 >long.txt
  interrupts "score: stopped" score --model "$model" --text long.txt --json no.json
  interrupts "calibrate: stopped" calibrate --model "$model" --probe-seconds 60 --plan no.json --journal stopped.txt
  rm -f stopped.json
  # A plan from a few questions, only for the checks of plans and journals.
  short=(calibrate --questions 2 --stages direct --metric agreement --max-loss 1 --step 30 --windows 0
    --no-baselines --probe-seconds 0.2 --check-latency 0 --threads 1 --quiet)
  search=("${short[@]}" --model "$model" --plan plan.txt --journal journal.txt)
  (failures=0 && ulimit -f 1 && refuses "journal.txt: cannot be written: File too large" "${search[@]}" && exit $failures) ||
    failures=$((failures + 1))
  "$programs/${search[0]}" "${search[@]:1}" >made.txt 2>&1 || { cat made.txt && failures=$((failures + 1)); }
  grep -q '"portable"' journal.txt || LITESTAGE_ISA=portable refuses 'instruction_set is "' "${search[@]}"
  (failures=0 && flock 9 && refuses "journal.txt: is in use by other work" "${search[@]}" && exit $failures) 9<journal.txt ||
    failures=$((failures + 1))
  refuses "expected direct, the schedule of plan.txt" ask --model "$model" --plan plan.txt --stages tinythinker
  refuses "expected direct, the schedule of plan.txt" compare --model "$model" --plan plan.txt --stages tinythinker
  refuses "journal.txt" calibrate --model "$model" --questions 3 --stages direct --threads 1 --plan plan.txt --journal journal.txt
  "$programs/ask" --model "$model" --plan plan.txt --questions 2 --quiet >answer.txt || failures=$((failures + 1))

  # A plan holds a schedule of one's own, which no SPEC can express.
  printf '%s' '{"name": "custom", "stages": [{"name": "only", "text": "{question}\n{options_inline}\nSo the answer is option",
    "max_new_tokens": 2}, {"name": "again", "continues": "only", "text": " or"}], "answer": {"letter_prefix": " "}}' >own.json
  sed 's/{question}/{questoin}/' own.json >misspelt.json
  refuses 'misspelt.json custom, stages[0].text: found "{questoin}"' ask --stages @misspelt.json
  own=("${short[@]/direct/@own.json}" --model "$model" --plan own_plan.txt --journal own_journal.txt)
  "$programs/${own[0]}" "${own[@]:1}" >made.txt 2>&1 || { cat made.txt && failures=$((failures + 1)); }
  "$programs/ask" --model "$model" --plan own_plan.txt --questions 2 --quiet >answer.txt || failures=$((failures + 1))
  grep -q '^again ' answer.txt || { echo "FAILED: ask --plan did not run the plan's own stages" && failures=$((failures + 1)); }
  refuses "found direct, expected custom with only, again, the schedule of own_plan.txt" \
    ask --model "$model" --plan own_plan.txt --stages direct
  sed 's/max_new_tokens": 2/max_new_tokens": 3/' own.json >longer.json
  refuses "found custom with only, again and other texts or limits, expected custom" \
    ask --model "$model" --plan own_plan.txt --stages @longer.json
  rm -f own.json misspelt.json longer.json

  # The control that answers at once may have stages of its own. With others, the journal's other answers stay.
  refuses "--direct: question a049: found 0 options" "${directly[@]/magic.gguf/$model}" tinythinker
  own_direct=(compare --model "$model" "${arithmetic[@]}" --data "$sums/arithmetic_test.jsonl" --questions 2 --batch 2
    --latency-questions 1 --methods direct --json compared.txt --journal direct_journal.txt --quiet)
  check "compare --direct answers" ends_with 0 "$programs/${own_direct[0]}" "${own_direct[@]:1}" \
    --direct "@$sums/arithmetic/direct.json" >out.txt 2>said.txt
  check "the direct answer has the stages of --direct" grep -q '"text": "Arithmetic problems and their answers' compared.txt
  check "another direct answer continues the journal" ends_with 0 "$programs/${own_direct[0]}" "${own_direct[@]:1}" \
    --direct "@$sums/arithmetic/reason.json" >out.txt 2>said.txt
  check "and repeats no answer of full depth" test "$(grep -c '"full depth".*"outcome"' direct_journal.txt)" = 2
  check "but times it again, without the other" test "$(grep -c '"timing"' direct_journal.txt)" = 3

  # The fingerprint depends on every byte of the model, and results do not depend on --context (see old_files.py).
  python3 "$sources/old_files.py" "$model" plan.txt journal.txt || failures=$((failures + 1))
  resume=("${short[@]}" --plan again.txt)
  refuses "model.fingerprint: found" ask --model edited.gguf --plan plan.txt
  refuses 'journal.txt: is the journal of other work: model is "xxh3:' "${resume[@]}" --model edited.gguf --journal journal.txt

  # A model with an adapter is another model, to plans and journals, and by name; one of scale 0 computes what none does.
  refuses "model.fingerprint: found" ask --model "$model" --plan plan.txt --lora style
  refuses 'journal.txt: is the journal of other work: model is "xxh3:' "${resume[@]}" --model "$model" --lora style:0.5 \
    --journal journal.txt
  "$sources/peft_adapter.py" narrow 2 model.layers.0.self_attn.q_proj=576x64
  refuses "are for a matrix of 576 x 64, expected 576 x 576, the shape of blk.0.attn_q.weight" ask --model "$model" --lora narrow
  mkdir pickled
  touch pickled/adapter_config.json pickled/adapter_model.bin
  refuses "pickled: has no adapter_model.safetensors (but adapter_model.bin)" ask --model "$model" --lora pickled
  for adapter in "" style:0 style:0.5; do
    # shellcheck disable=SC2086  # an option or none
    "$programs/score" --model "$model" --text text.txt --quiet --json "scored$adapter.json" ${adapter:+--lora $adapter} \
      >out.txt 2>said.txt || failures=$((failures + 1))
  done
  tokens() { sed -n '/"tokens": \[/,/"next"/p' "$1"; }
  check "an adapter of scale 0 changes no score" cmp -s <(tokens scored.json) <(tokens scoredstyle:0.json)
  differ() { ! cmp -s "$1" "$2"; }
  check "one of scale 0.5 does" differ <(tokens scored.json) <(tokens scoredstyle:0.5.json)
  check "the scores name it" grep -q "\"model\": \"$(basename "$model") + style:0.5\"" scoredstyle:0.5.json
  mkdir kept
  cp -r style kept
  "$programs/score" --model "$model" --text text.txt --quiet --json scored.json --lora kept/style --quantize q8_0 >out.txt ||
    failures=$((failures + 1))
  check "by its own name" grep -q "\"model\": \"$(basename "$model") + style:1 q8_0\"" scored.json
  refuses "found no matrix to round to Q8_0, expected one that is" ask --model "$model" --lora style:0 --quantize q8_0
  "$programs/ask" --model "$model" --lora style --lora style:-0.5 --stages direct --questions 1 --quiet --json adapted.json \
    >answer.txt || failures=$((failures + 1))
  check "results name adapters and scales" grep -q '"model": ".*gguf + style:1 + style:-0.5"' adapted.json
  check "and say how they were given" grep -q '"lora": "style, style:-0.5"' adapted.json
  rm -rf narrow pickled kept scored*.json adapted.json
  refuses 'model is "0123456789abcdef" there and "xxh3:' "${resume[@]}" --model "$model" --journal other.txt
  refuses 'model.fingerprint: found "0123456789abcdef"' ask --model "$model" --plan other_plan.txt
  warns "old_plan.txt, model.fingerprint: the plan names its model by samples" ask --model "$model" --plan old_plan.txt \
    --questions 1 --quiet
  warns "old.txt: the journal names its model by samples" "${resume[@]}" --model "$model" --journal old.txt
  cmp -s old.txt old_before.txt || { echo "FAILED: a search with the journal of an earlier version did work again" && failures=$((failures + 1)); }
  lines=$(wc -l <journal.txt)
  for context in 900 2048; do
    "$programs/${search[0]}" "${search[@]:1}" --context $context >made.txt 2>&1 || { cat made.txt && failures=$((failures + 1)); }
  done
  [[ $(wc -l <journal.txt) -eq $lines ]] || { echo "FAILED: a search with a different --context did work again" && failures=$((failures + 1)); }

  # A model with fewer positions than the default of 1024.
  refuses "--context is 1024, expected 2 to 512 (the model's context)" ask --model small.gguf --context 1024
  "$programs/ask" --model small.gguf --stages direct --questions 1 --quiet --json small.json >answer.txt || failures=$((failures + 1))
  grep -q '"context": 512' small.json || { echo "FAILED: the context of small.gguf is not 512" && failures=$((failures + 1)); }
  # A file from before pre-tokenizers had names.
  warns "unnamed.gguf: key tokenizer.ggml.pre is missing" ask --model unnamed.gguf --stages direct --questions 1 --quiet
  rm -f edited.gguf small.gguf unnamed.gguf small.json
else
  echo "not checked without smollm2-135m.gguf: Ctrl-C, plans, and limits that depend on the model"
fi

# The demo's model solves more of the arithmetic problems when it reasons first.
larger=${model%/*}/qwen2.5-coder-0.5b.gguf
if [[ -e $larger ]]; then
  solved() {  # SCHEDULE: how many of the first 8 calibration problems are right
    "$programs/ask" --model "$larger" "${arithmetic[@]:0:2}" --stages "@$sums/arithmetic/$1.json" \
      --data "$sums/arithmetic_calibration.jsonl" --questions 8 --batch 8 --quiet | sed -n 's/^from the text.*(\([0-9]*\) of 8;.*/\1/p'
  }
  check "qwen2.5-coder-0.5b reasons better than it guesses" test "$(solved reason)" -gt "$(solved direct)"
else
  echo "not checked without qwen2.5-coder-0.5b.gguf: reasoning against direct answers on the arithmetic problems"
fi

# A chat template is a program in the model file. The copies have holes in place of the weights, which nothing reads.
copy_with() {  # FILE OLD NEW: a copy of the model whose chat template has NEW for the first OLD, of the same length
  python3 - "$model" "$@" <<'PYTHON'
import os, sys
source, target, old, new = (os.fsencode(word) for word in sys.argv[1:])
with open(source, "rb") as file:
    head = bytearray(file.read(1 << 23))
start = head.index(b"tokenizer.chat_template") + len(b"tokenizer.chat_template") + 12  # after type and length
end = start + int.from_bytes(head[start - 8 : start], "little")
assert len(old) == len(new) and old in head[start:end]
head[start:end] = head[start:end].replace(old, new, 1)
with open(target, "wb") as file:
    file.write(head)
    file.truncate(os.path.getsize(source))
PYTHON
}
if [[ -e $model ]]; then
  echo '[{"role": "user", "content": "Hello"}]' >conversation.jsonl
  copy_with changed.gguf helpful hopeful && copy_with broken.gguf "{% for" "{% fur" || failures=$((failures + 1))
  renders() {  # TEXT OPTIONS...: `tokenize --render` with these options writes a line that has TEXT
    "$programs/tokenize" --render "${@:2}" <conversation.jsonl >rendered.txt || failures=$((failures + 1))
    if grep -qF "$1" rendered.txt; then return; fi
    echo "FAILED: tokenize --render ${*:2} wrote $(<rendered.txt), expected $1 in it"
    failures=$((failures + 1))
  }
  renders 'system\nYou are a helpful AI assistant named SmolLM' --model "$model"
  renders 'system\nYou are a hopeful AI assistant named SmolLM' --model changed.gguf
  said="broken.gguf: key tokenizer.chat_template, line 1: the tag {% fur %} is not supported here"
  refuses "$said" tokenize --render --model broken.gguf <conversation.jsonl
  refuses "or --chat-template chatml, zephyr, llama-2, llama-3 or FILE.jinja" tokenize --render --model broken.gguf <conversation.jsonl
  refuses "$said" ask --model broken.gguf --stages chat --questions 1 --quiet
  renders '"<|im_start|>user\nHello' --model broken.gguf --chat-template chatml
  echo '{{ messages[0].content }}{{ "!" if loud is true }}' >own.jinja
  renders '"Hello"' --model broken.gguf --chat-template own.jinja
  renders '"Hello!"' --model broken.gguf --chat-template own.jinja --template-variable loud=true
  refuses '"loud=true", but --chat-template chatml has no variable of this name' tokenize --render --model broken.gguf \
    --chat-template chatml --template-variable loud=true <conversation.jsonl
  refuses '--template-variable is "loud", expected NAME=VALUE' tokenize --render --model broken.gguf --template-variable loud
  rm -f changed.gguf broken.gguf own.jinja
else
  echo "not checked without smollm2-135m.gguf: models with other chat templates"
fi

# Models with unusable numbers: a weight that is NaN, and keys that are too large for F16 but not for F32.
if [[ -e $model ]]; then
  "$sources/patch_gguf.py" "$model" nan.gguf blk.3.attn_norm.weight 0000c07f || failures=$((failures + 1))
  said="nan.gguf: tensor blk.3.attn_norm.weight (F32): found nan in row 0, column 0, expected finite weights"
  refuses "$said" ask --model nan.gguf --questions 1 --json no.json
  refuses "$said" score --model nan.gguf --text text.txt --json no.json
  refuses "$said" compare --model nan.gguf
  refuses "$said" custom_policy nan.gguf "$sources/../examples/data/questions_test.jsonl"
  for program in hello observe custom_schedule; do refuses "$said" $program nan.gguf; done
  refuses "$said" calibrate --model nan.gguf --journal nan.txt
  rm nan.gguf
  # The scale of every block of this Q4_1 matrix becomes the largest F16 number.
  "$sources/patch_gguf.py" "$model" keys.gguf blk.3.attn_k.weight ff7b 20 || failures=$((failures + 1))
  said="a key or value of layer 3 is too large for a K/V cache of F16, expected at most 65504 in magnitude; one of F32 holds it (--kv f32"
  direct=(--model keys.gguf --questions 1 --stages direct --quiet)
  refuses "stage direct: $said" ask "${direct[@]}" --json no.json
  refuses "$said" ask "${direct[@]}" --temperature 1
  refuses "$said" ask --model keys.gguf --prompt Water --quiet
  refuses "token 0 of the text: $said" score --model keys.gguf --text text.txt --json no.json --logits no.npy --quiet
  refuses "$said" compare "${direct[@]}" --methods full_depth --json no.json
  refuses "$said" calibrate "${direct[@]}" --importance-only --journal no.txt
  refuses "$said" observe keys.gguf never
  rm -f no.txt
  "$programs/ask" "${direct[@]}" --kv f32 >answer.txt || failures=$((failures + 1))
  "$programs/score" --model keys.gguf --text text.txt --kv f32 >answer.txt || failures=$((failures + 1))
  rm keys.gguf
else
  echo "not checked without smollm2-135m.gguf: models with numbers that are not finite"
fi

# Threads. says WORDS COMMAND...: the command writes the text of whole.txt to standard output, these words to standard
# error.
says() {
  local words=$1 code
  shift
  timeout -k 1 120 "$@" >out.txt 2>said.txt
  code=$?
  if [[ $code -ne 0 ]] || ! cmp -s out.txt whole.txt || ! grep -qF "$words" said.txt; then
    printf 'FAILED: %s\n  exit code %d, expected 0, the text of one thread, and: %s; it said:\n' "$*" "$code" "$words"
    cat out.txt said.txt
    failures=$((failures + 1))
  fi
}
# "${limited[@]}" --nproc=N COMMAND: runs it as a user with no other processes and at most N, who may read every file as
# root may. A different user is needed because the limit does not apply to root.
limited=(setpriv --ruid $((100000 + $$)) --bounding-set=-sys_resource,-sys_admin prlimit)
if [[ -e $model ]]; then
  prompt=("$programs/ask" --model "$model" --prompt "Water boils" --max-new-tokens 4)
  "${prompt[@]}" --threads 1 >whole.txt 2>said.txt || failures=$((failures + 1))
  core=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
  cores=$(getconf _NPROCESSORS_ONLN)
  words="1 thread: 1 of $cores cores may be used)"
  if ((cores == 1)); then words="1 thread)"; fi
  if taskset -c "$core" true 2>/dev/null; then
    says "$words" taskset -c "$core" "${prompt[@]}" --threads 0
  else
    echo "not checked without taskset: the threads of a process that may use only one core"
  fi
  # The second probe checks that the limit works: with one process allowed, timeout cannot start a second.
  if "${limited[@]}" --nproc=2 timeout 10 true 2>/dev/null && ! "${limited[@]}" --nproc=1 timeout 10 true 2>/dev/null; then
    says "2 of 5 threads could be started (" "${limited[@]}" --nproc=2 "${prompt[@]}" --threads 5 --quiet --json threads.txt
    if ! grep -q '"threads": 2' threads.txt; then
      echo "FAILED: expected 2 threads in the results, found: $(grep '"threads"' threads.txt)"
      failures=$((failures + 1))
    fi
    "${prompt[@]}" --backend reference --threads 1 --quiet >whole.txt || failures=$((failures + 1))
    says "1 of 2 threads could be started (" "${limited[@]}" --nproc=1 "${prompt[@]}" --backend reference --threads 2
  else
    echo "not checked without root, setpriv and prlimit: programs that may not start threads"
  fi
fi

for program in hello observe custom_policy custom_schedule; do refuses "usage: $program MODEL.gguf" $program; done
for program in ask score tokenize table calibrate compare validate_gpu; do
  "$programs/$program" --help >help.txt || { echo "FAILED: $program --help" && failures=$((failures + 1)); }
  [[ -s help.txt ]] || { echo "FAILED: $program --help prints nothing" && failures=$((failures + 1)); }
done
if ! wait $validation; then
  echo "FAILED: validate_gpu"
  cat validated.txt
  failures=$((failures + 1))
fi
rmdir taken.txt 2>/dev/null
rm -rf style
left=$(find . -type f ! -name '*.gguf' ! -name '*.jsonl' ! -name '*.txt')
if [[ -n $left ]]; then
  echo "FAILED: files were left behind: $left"
  failures=$((failures + 1))
fi
echo "programs: $failures failures"
exit $((failures > 0))

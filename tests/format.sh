#!/usr/bin/env bash
# Checks that every source file is formatted as .clang-format says, with clang-format 14, because versions differ.
set -euo pipefail
if [[ ${1:-} == --help ]]; then
  echo "usage: tests/format.sh [--fix]    checks the formatting of all C++ files, or applies it"
  exit 0
fi
cd "$(dirname "$0")/.."

formatter=
for candidate in clang-format-14 clang-format; do
  if command -v "$candidate" >/dev/null && "$candidate" --version | grep -q 'version 14\.'; then
    formatter=$candidate
    break
  fi
done
if [[ -z $formatter ]]; then
  echo "skipped: clang-format 14 is not installed"
  exit 77
fi

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  list=(git ls-files -z -- '*.hpp' '*.cpp' '*.cuh' '*.cu')
else
  list=(find . -path ./build -prune -o '(' -name '*.hpp' -o -name '*.cpp' -o -name '*.cuh' -o -name '*.cu' ')' -print0)
fi
if [[ ${1:-} == --fix ]]; then
  "${list[@]}" | xargs -0 -r "$formatter" -i
else
  "${list[@]}" | xargs -0 -r "$formatter" --dry-run -Werror
fi

#!/bin/sh
# Checks code that must not compile: the compiler has to refuse every tests/policy/negative/*.cpp with an error that has
# the words of the file's first line ("// expect: WORDS"). Uses $CXX (default g++) and needs no build folder.
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 2
compiler=${CXX:-g++}
[ "${1:-}" = "--help" ] && { sed -n '2,3s/^# //p' "$0"; exit 0; }

# A correct file first: otherwise a missing compiler or header would pass for a refusal.
if ! printf '#include "litestage/policy/check.hpp"\nint main() {}\n' |
  "$compiler" -std=c++20 -fsyntax-only -I "$root/include" -x c++ -; then
  echo "compile_fail: $compiler does not compile correct code" >&2
  exit 2
fi

failures=0
count=0
for file in "$root"/tests/policy/negative/*.cpp; do
  count=$((count + 1))
  expected=$(sed -n '1s,^// expect: ,,p' "$file")
  if [ -z "$expected" ]; then
    echo "FAIL $file: its first line is not \"// expect: WORDS\"" >&2
    failures=$((failures + 1))
  elif message=$("$compiler" -std=c++20 -fsyntax-only -I "$root/include" "$file" 2>&1); then
    echo "FAIL $file: compiles" >&2
    failures=$((failures + 1))
  elif ! printf '%s\n' "$message" | grep -qF -- "error: " ||
    ! printf '%s\n' "$message" | grep -F -- "error: " | grep -qF -- "$expected"; then
    echo "FAIL $file: refused, but no error says \"$expected\":" >&2
    printf '%s\n' "$message" | sed -n '1,12s/^/  /p' >&2
    failures=$((failures + 1))
  fi
done
echo "compile_fail: $count files, $failures failures ($compiler)"
[ "$count" -gt 0 ] && [ "$failures" -eq 0 ]

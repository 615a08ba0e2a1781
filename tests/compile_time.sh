#!/usr/bin/env bash
# How long users wait for the compiler, as ratios to a translation unit of other people's headers that is compiled beside
# each of ours, so that a slow or a busy machine does not fail. Needs nlohmann/json, PCRE2 and xxHash.
set -euo pipefail
if [[ ${1:-} == --help ]]; then
  cat <<'EOF'
usage: [CXX=g++] tests/compile_time.sh

Prints the seconds of one core (user time, median of three) that the compiler takes for what users compile, and the
ratio of each to a reference: a unit that uses Eigen/Dense, nlohmann/json and <regex>. Ends with 1 where a ratio is
above its limit.
EOF
  exit 0
fi
cd "$(dirname "$0")/.."
compiler=${CXX:-g++}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# name | limit | arguments of the compiler. The first three ratios were, with g++ 12.2 on two cores of a Xeon with AVX-512,
# 0.48, 3.4 and 0.72, and on an EPYC (Zen 4) 0.41 to 0.51, 3.5 to 3.7 and 0.60; the last one 1.4 on the EPYC. Since then the
# second has gained the interpreter of chat templates, the readers of model folders and of JSON: 55.7 s where it took 33.5 (an
# EPYC, Zen 3, one after the other). The third compiles none of them: 6.1 and 6.4 s.
cases=(
  "litestage.hpp, -fsyntax-only | 0.55 | -fsyntax-only $scratch/umbrella.cpp"
  "examples/hello.cpp, headers only | 7.00 | -O2 -c examples/hello.cpp -o $scratch/out.o"
  "examples/hello.cpp, litestage::compiled | 0.75 | -O2 -DLITESTAGE_COMPILED -c examples/hello.cpp -o $scratch/out.o"
  "examples/custom_policy.cpp, litestage::compiled | 1.80 | -O2 -DLITESTAGE_COMPILED -c examples/custom_policy.cpp -o $scratch/out.o"
)

flags=(-std=c++20 -Iinclude)
read -ra library_flags < <(pkg-config --cflags eigen3 libpcre2-8 libxxhash)
flags+=("${library_flags[@]}")
echo '#include "litestage/litestage.hpp"' >"$scratch/umbrella.cpp"
cat >"$scratch/reference.cpp" <<'EOF'
#include <Eigen/Dense>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

double norm(const std::string& text) {
  const nlohmann::json values = nlohmann::json::parse(text);
  Eigen::MatrixXd a(2, 2);
  for (int i = 0; i < 4; ++i) a(i / 2, i % 2) = values["a"][i].get<double>();
  return std::regex_search(text, std::regex("[a-z]+")) ? a.norm() : 0;
}
EOF

# User seconds of one run of the compiler.
seconds() { (TIMEFORMAT=%U && time "$compiler" "${flags[@]}" "$@") 2>&1 | tail -n 1; }
median() { printf '%s\n' "$@" | sort -n | sed -n 2p; }

"$compiler" --version | head -n 1
printf '%-50s %9s %9s %7s %7s\n' "" "seconds" "reference" "ratio" "limit"
over=0
for entry in "${cases[@]}"; do
  IFS='|' read -r name limit arguments <<<"$entry"
  read -ra arguments <<<"$arguments"
  ours=() references=() ratios=()
  for _ in 1 2 3; do
    references+=("$(seconds -O2 -c "$scratch/reference.cpp" -o "$scratch/reference.o")")
    ours+=("$(seconds "${arguments[@]}")")
    ratios+=("$(awk -v a="${ours[-1]}" -v b="${references[-1]}" 'BEGIN {printf "%.2f", a / b}')")
  done
  ratio=$(median "${ratios[@]}")
  printf '%-50s %9s %9s %7s %7s\n' "${name% }" "$(median "${ours[@]}")" "$(median "${references[@]}")" "$ratio" "${limit// /}"
  if awk -v r="$ratio" -v l="$limit" 'BEGIN {exit !(r > l)}'; then over=1; fi
done
exit $over

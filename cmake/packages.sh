# shellcheck shell=bash disable=SC2034
# The Debian and Ubuntu packages that the project needs, and a function that installs missing ones. For bash:
#   source cmake/packages.sh && install_packages build test
# An entry is a package, or package:command if the command suffices, wherever it comes from.

litestage_packages_build=(g++:g++ cmake:cmake ninja-build:ninja pkg-config:pkg-config libeigen3-dev nlohmann-json3-dev
                          libpcre2-dev libxxhash-dev libcli11-dev)
litestage_packages_test=(doctest-dev git:git python3:python3)
litestage_packages_bench=(libbenchmark-dev)
litestage_packages_model=(python3:python3 python3-pip:pip3)
litestage_packages_plot=(python3:python3 python3-matplotlib)
# Optional: clang brings libFuzzer and a second compiler, clang-format-14 the format check, ccache a fast second run.
litestage_packages_optional=(clang:clang++ libclang-rt-dev clang-format-14:clang-format-14 ccache:ccache)

# Prints the packages of the given groups that are missing here.
missing_packages() {
  local group entry package command
  for group in "$@"; do
    local -n entries=litestage_packages_$group
    for entry in "${entries[@]}"; do
      package=${entry%%:*}
      command=${entry#*:}
      if [[ $entry == *:* ]] && command -v "$command" >/dev/null; then continue; fi
      if dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed'; then continue; fi
      echo "$package"
    done
  done
}

# Installs the missing packages of the given groups, without questions. On failure it prints a sentence and returns 1.
install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@" | sort -u)
  if [[ ${#missing[@]} -eq 0 ]]; then return 0; fi
  if ! command -v apt-get >/dev/null; then
    echo "This machine has no apt-get; please install these packages (Debian's names): ${missing[*]}" >&2
    return 1
  fi
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "Packages are missing, and there is neither root nor sudo to install them: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || echo "apt-get update failed; trying with the present package lists" >&2
  local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
  if "${install[@]}" "${missing[@]}" >/dev/null; then return 0; fi
  # One unavailable package makes the whole installation fail, so each is then installed by itself.
  local package failed=()
  for package in "${missing[@]}"; do
    "${install[@]}" "$package" >/dev/null 2>&1 || failed+=("$package")
  done
  if [[ ${#failed[@]} -eq 0 ]]; then return 0; fi
  echo "apt-get could not install: ${failed[*]}" >&2
  return 1
}

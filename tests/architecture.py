#!/usr/bin/env python3
"""Checks the headers of include/litestage and kernels/litestage: which folders may include which, and other rules.

    tests/architecture.py              check; prints each violation
    tests/architecture.py --umbrella   rewrite the includes of litestage.hpp from the headers that exist
    tests/architecture.py --selftest   show that each rule catches a header that breaks it
"""

import pathlib
import re
import sys
import tempfile

# folder -> the folders whose headers it may include besides its own and core; "x/*" is x and all folders in it.
MAY_INCLUDE = {
    "core": "core/definitions",
    "core/definitions": "",
    "core/text": "core/text/definitions",
    "core/text/definitions": "core/text",
    "core/threads": "",
    "core/quantise": "core/quantise/definitions",
    "core/quantise/definitions": "core/quantise",
    "settings": "core/text settings/definitions",
    "settings/definitions": "core/text settings",
    "step": "",
    "prompt": "",
    "policy": "core/text settings step prompt",
    "confidence": "settings step policy",
    "skip": "settings step policy",
    "early_exit": "settings step policy confidence early_exit/looking_ahead",
    "early_exit/looking_ahead": "core/text settings step policy early_exit",
    "stages": "core/text settings prompt policy stages/definitions",
    "stages/definitions": "core/text settings prompt stages",
    "kernels": "kernels/*",
    "kernels/attention": "kernels/*",
    "kernels/products": "kernels/*",
    "kernels/rows": "kernels/*",
    "kernels/emulator": "kernels",
    "backend": "step",
    "backend/reference": "core/* step backend backend/reference/definitions",
    "backend/reference/definitions": "core/* backend/reference",
    "backend/cpu": "core/* backend backend/cpu/*",
    "backend/cpu/definitions": "core/* backend/cpu/*",
    "backend/cpu/matmul": "core/* backend/cpu backend/cpu/matmul/definitions",
    "backend/cpu/matmul/definitions": "core/* backend/cpu/matmul",
    "backend/cpu/rows": "core/* step backend backend/cpu",
    "backend/gpu/device": "kernels/*",
    "backend/gpu/memory": "backend backend/gpu/device kernels/*",
    "backend/gpu/operations": "step backend backend/gpu/device backend/gpu/memory kernels/*",
    "backend/gpu/recording": "backend/gpu/memory",
    "backend/gpu": "backend backend/gpu/*",
    "model/source": "model/source/definitions",
    "model/source/definitions": "model/source",
    "model": "step backend model/source model/definitions",
    "model/definitions": "step backend model",
    "engine": "core/text settings step prompt policy backend model/* engine/definitions compiled",
    "engine/run": "core/text step prompt policy backend model engine compiled",
    "engine/definitions": "core/text prompt engine",
    "pipeline": "prompt policy engine engine/run compiled",
    "compiled": "skip early_exit backend/* model/* engine engine/run pipeline calibrate io",
    "validate": "core/text model/source pipeline",
    "validate/speed": "backend/gpu backend/gpu/* kernels/* engine engine/run validate",
    "validate/checks": "core/* backend/cpu backend/reference backend/gpu/operations engine validate validate/speed",
    "tasks/reading": "core/text prompt tasks/reading/definitions",
    "tasks/reading/definitions": "core/text prompt tasks/reading",
    "tasks": "core/text settings prompt engine tasks/reading tasks/definitions",
    "tasks/definitions": "core/text settings prompt engine tasks tasks/reading",
    "evaluate": "core/text settings prompt engine tasks",
    "calibrate/importance": "core/text settings step policy skip early_exit pipeline",
    "calibrate/latency": "settings skip backend model model/source engine engine/run calibrate/latency/definitions",
    "calibrate/latency/definitions": "calibrate/latency",
    "calibrate/search": "settings policy skip confidence early_exit engine tasks calibrate/importance",
    "calibrate/trials": "core/text settings prompt policy skip early_exit engine engine/run pipeline tasks evaluate calibrate/importance calibrate/latency calibrate/search",
    "calibrate/plan": "core/text settings prompt policy skip backend engine tasks evaluate calibrate/importance calibrate/latency calibrate/search calibrate/trials",
    "calibrate": "settings step policy skip early_exit stages engine pipeline tasks evaluate calibrate/* compiled",
    "calibrate/definitions": "core/text policy skip early_exit engine pipeline tasks calibrate calibrate/*",
    "compare": "core/text settings prompt confidence policy skip early_exit stages backend engine pipeline tasks evaluate calibrate/* compiled compare/definitions",
    "compare/definitions": "core/text settings prompt policy skip early_exit stages backend engine pipeline tasks evaluate calibrate/* compare",
    "io/files": "settings io/files/definitions",
    "io/files/definitions": "core/text settings io/files",
    "io/text": "core/text prompt io/tokenizer_json io/text/definitions",
    "io/text/definitions": "core/text prompt io/files io/tokenizer_json io/text io/text/jinja io/text/jinja/values",
    "io/text/jinja/values": "core/text io/text io/text/jinja/values/definitions",
    "io/text/jinja/values/definitions": "core/text io/text io/text/jinja/values",
    "io/text/jinja/syntax": "io/text/jinja/values io/text/jinja/syntax/definitions",
    "io/text/jinja/syntax/definitions": "core/text io/text/jinja/values io/text/jinja/syntax",
    "io/text/jinja/functions": "io/text/jinja/values io/text/jinja/functions/definitions",
    "io/text/jinja/functions/definitions": "core/text io/text/jinja/values io/text/jinja/functions",
    "io/text/jinja": "io/text/jinja/* io/text/jinja/definitions",
    "io/text/jinja/definitions": "core/text io/text/jinja io/text/jinja/*",
    "io/tokenizer_json": "core/text settings io/files io/text io/tokenizer_json/definitions",
    "io/tokenizer_json/definitions": "core/text settings io/files io/text io/tokenizer_json",
    "io/huggingface": "core/text settings model/source io/files io/text io/huggingface/definitions",
    "io/huggingface/definitions": "core/text settings model/source io/files io/gguf io/text io/tokenizer_json io/huggingface io/huggingface/families",
    "io/huggingface/families": "core/text model/source io/files io/huggingface",
    "io/gguf": "core/text model/source io/text io/gguf/definitions",
    "io/gguf/definitions": "core/text model/source io/files io/text io/gguf io/families",
    "io/families": "core/text model/source io/gguf",
    "io/adapters": "core/text settings model/source io/gguf io/huggingface io/adapters/definitions",
    "io/adapters/definitions": "core/text settings model/source io/files io/gguf io/families io/huggingface io/adapters",
    "io": "prompt model/* engine pipeline io/* compiled",
    "io/definitions": "core/text settings core/quantise core/threads model/source io io/*",
}
# Headers of these folders are included by the last lines of a header, and include it in turn (core/compiled.hpp).
BACK_INCLUDES = re.compile(r"(^|/)(definitions|compiled)/")
# Left out of litestage.hpp, because only some programs need them and every user would have to compile them.
OUTSIDE_UMBRELLA = ("core/quantise/", "backend/cpu/matmul/", "backend/cpu/rows/", "backend/cpu/workspace", "backend/reference/", "io/", "backend/gpu", "kernels/",
                    "tasks/", "evaluate/", "compare/", "calibrate/", "validate/")
ONLY_IN_IO = ("nlohmann/", "pcre2", "xxhash")
MAX_LINES = 300
MAX_HEADERS = 14  # directly in one folder
# Headers that may be longer; CONTRIBUTING says why.
LONG_HEADERS = ("backend/cpu/rows/row_kernels_avx2.hpp",)
FORBIDDEN_NAMES = ("util", "manager", "helper", "impl", "misc", "detail")

# The inside of a namespace `detail`, and what a line there declares: a type, or else a function or a variable.
DETAIL = re.compile(r"^namespace [\w:]*detail \{\n(.*?)^\}  // namespace [\w:]*detail$", re.MULTILINE | re.DOTALL)
DECLARED = re.compile(r"^(?:struct|class|concept|using|enum class|union)\s+(\w+)|(\w+)\s*[({=;\[]")
# The header of the standard library that has a name, for the names that our headers use. A name in several lines may come
# from any of them.
STANDARD_NAMES = {
    "algorithm": "all_of any_of binary_search clamp copy copy_n count count_if equal fill fill_n find find_if lower_bound max "
                 "max_element min mismatch partial_sort partial_sort_copy pop_heap push_heap remove reverse shuffle sort stable_sort "
                 "upper_bound",
    "array": "array to_array get",
    "atomic": "atomic memory_order_acq_rel memory_order_acquire memory_order_relaxed memory_order_release",
    "bit": "bit_cast bit_ceil bit_width endian has_single_bit popcount",
    "charconv": "chars_format from_chars to_chars to_chars_result",
    "chrono": "chrono",
    "cmath": "abs atan ceil cos exp fabs floor fma fmod ilogb isfinite isinf isnan log lround nearbyint nextafter pow round sin sqrt tanh",
    "concepts": "convertible_to copyable default_initializable equality_comparable floating_point integral regular same_as signed_integral",
    "condition_variable": "condition_variable",
    "cstddef": "byte ptrdiff_t size_t",
    "cstdint": "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t",
    "cstdio": "FILE fclose fopen fread",
    "cstdlib": "abort free getenv",
    "cstring": "memcmp memcpy memset strcmp",
    "deque": "deque",
    "exception": "current_exception exception_ptr rethrow_exception terminate",
    "filesystem": "filesystem",
    "functional": "function greater less",
    "future": "async future launch",
    "initializer_list": "initializer_list",
    "iterator": "begin end input_iterator_tag prev size ssize",
    "limits": "numeric_limits",
    "list": "list",
    "map": "map erase_if",
    "memory": "align make_shared make_unique shared_ptr unique_ptr weak_ptr",
    "mutex": "lock_guard mutex unique_lock",
    "new": "align_val_t bad_alloc",
    "numbers": "numbers",
    "numeric": "accumulate gcd inner_product iota partial_sum",
    "optional": "nullopt optional",
    "ostream": "ostream",
    "random": "mt19937 mt19937_64 seed_seq",
    "set": "set",
    "span": "as_bytes span ssize",
    "stdexcept": "logic_error runtime_error",
    "string": "ssize string to_string",
    "string_view": "string_view u32string_view",
    "system_error": "errc error_code generic_category system_error",
    "thread": "this_thread thread",
    "tuple": "get tuple",
    "type_traits": "conditional_t decay_t integral_constant is_aggregate_v is_arithmetic_v is_const_v is_enum_v "
                   "is_floating_point_v is_integral_v is_same_v is_trivially_copyable_v is_void_v remove_cvref_t "
                   "remove_pointer_t remove_reference_t type_identity",
    "unordered_map": "unordered_map unordered_multimap",
    "unordered_set": "unordered_set",
    "utility": "cmp_greater cmp_less cmp_not_equal exchange forward in_place_index in_place_type in_range index_sequence index_sequence_for make_index_sequence move pair swap get",
    "variant": "get get_if holds_alternative monostate variant variant_size_v visit",
    "vector": "vector erase_if ssize",
}
HEADERS_OF = {}
for _header, _names in STANDARD_NAMES.items():
    for _name in _names.split():
        HEADERS_OF.setdefault(_name, []).append(_header)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


class Tree:
    """The headers of several folders, seen as one folder litestage/, as in #include lines."""

    def __init__(self, *roots):
        self.roots = roots

    def headers(self):
        return sorted(p.relative_to(root).as_posix() for root in self.roots for pattern in ("*.hpp", "*.cuh")
                      for p in root.rglob(pattern))

    def path(self, header):
        return next((root / header for root in self.roots if (root / header).exists()), self.roots[0] / header)


def folder_of(header):
    return header.rpartition("/")[0]


def allowed(header, included):
    folder, other = folder_of(header), folder_of(included)
    if folder == "":  # litestage.hpp
        return not included.startswith(OUTSIDE_UMBRELLA)
    entries = MAY_INCLUDE.get(folder, "").split() + [folder, "core"]
    return any(other == e or (e.endswith("/*") and (other + "/").startswith(e[:-1])) for e in entries)


def check_includes(header, text, tree):
    folder = folder_of(header)
    if folder != "" and folder not in MAY_INCLUDE:
        yield f"{header}: the folder {folder}/ has no line in the table of tests/architecture.py"
    for bracket, target in INCLUDE.findall(text):
        if target.startswith("litestage/"):
            included = target[len("litestage/"):]
            if bracket != '"':
                yield f"{header}: <{target}> is our own and goes in quotes"
            if not tree.path(included).exists():
                yield f"{header}: {target} does not exist"
            elif not allowed(header, included):
                yield f"{header}: must not include {target}"
        elif bracket == '"':
            yield f'{header}: "{target}" is written as a path from include/, litestage/...'
        elif not folder.startswith("io") and target.startswith(ONLY_IN_IO):
            yield f"{header}: <{target}> belongs to io/ only"


def check_text(header, text):
    lines = text.splitlines()
    if not lines or not lines[0].startswith("//"):
        yield f"{header}: expected a comment in the first line that says what the header is"
    if lines.count("#pragma once") != 1:
        yield f"{header}: needs one #pragma once"
    if len(lines) > MAX_LINES and header not in LONG_HEADERS:
        yield f"{header}: {len(lines)} lines, expected at most {MAX_LINES}; does it have one subject?"
    if re.search(r"^\s*using\s+namespace\b", text, re.MULTILINE):
        yield f"{header}: no `using namespace` in a header"
    for macro in re.findall(r"^\s*#\s*define\s+(\w+)", text, re.MULTILINE):
        if not macro.startswith(("LITESTAGE_", "PCRE2_")):  # PCRE2 is configured by a macro of its own
            yield f"{header}: the macro {macro} does not start with LITESTAGE_"


def check_name(header):
    for part in re.split(r"[/_.]", header.lower()):
        if part in FORBIDDEN_NAMES or part.rstrip("s") in FORBIDDEN_NAMES:
            yield f"{header}: a name with `{part}` says nothing about its subject"
    if not re.fullmatch(r"[a-z0-9_/]+\.(hpp|cuh)", header):
        yield f"{header}: file names are snake_case"


def check_folders(headers):
    """No folder is too full."""
    folders = [folder_of(h) for h in headers]
    for folder in sorted(set(folders)):
        if folders.count(folder) > MAX_HEADERS:
            yield f"{folder}/: {folders.count(folder)} headers, expected at most {MAX_HEADERS}; is there one purpose?"


def umbrella_members(headers):
    return [h for h in headers if "/" in h and not h.startswith(OUTSIDE_UMBRELLA) and not BACK_INCLUDES.search(h)]


def check_umbrella(headers, tree):
    umbrella = tree.path("litestage.hpp")
    if not umbrella.exists():
        yield "litestage.hpp: missing"
        return
    included = {target for _, target in INCLUDE.findall(umbrella.read_text())}
    for header in umbrella_members(headers):
        if f"litestage/{header}" not in included:
            yield f"litestage.hpp: does not include litestage/{header} (tests/architecture.py --umbrella adds it)"


def check_cycles(headers, tree):
    graph = {h: [t[len("litestage/"):] for _, t in INCLUDE.findall(tree.path(h).read_text())
                 if t.startswith("litestage/") and not BACK_INCLUDES.search(t)]
             for h in headers}
    done, path = set(), []

    def visit(header):
        if header in path:
            yield "cycle: " + " -> ".join(path[path.index(header):] + [header])
        elif header not in done:
            path.append(header)
            for included in graph.get(header, []):
                yield from visit(included)
            path.pop()
            done.add(header)

    for header in headers:
        yield from visit(header)


def without_comments(text):
    """The text without its comments and string literals."""
    return re.sub(r'//[^\n]*|"(?:\\.|[^"\\\n])*"', "", text)


def inside_detail(text):
    return without_comments("\n".join(DETAIL.findall(text)))


def names_in_detail(text):
    """The names that a header's namespaces `detail` declare. clang-format begins a declaration at its line's start."""
    names = set()
    for line in inside_detail(text).splitlines():
        line = re.sub(r"^template <.*?> (?=\w)", "", line)
        declared = re.match(r"[\w\[]", line) and not line.startswith(("template", "requires")) and DECLARED.search(line)
        if declared:
            names.add(declared[1] or declared[2])
    return names


def reachable(header, graph):
    found, left = set(), [header]
    while left:
        new = [h for h in graph.get(left.pop(), []) if h not in found]
        found.update(new)
        left += new
    return found


def check_detail(headers, tree):
    """The names of a namespace `detail` are for the header that declares them, and its definitions, alone."""
    subject = {h: h.replace("definitions/", "") for h in headers}
    text = {h: tree.path(h).read_text() for h in headers}
    graph = {h: [t[len("litestage/"):] for _, t in INCLUDE.findall(text[h]) if t.startswith("litestage/")] for h in headers}
    owners = {}
    for header in headers:
        for name in names_in_detail(text[header]):
            owners.setdefault(name, set()).add(subject[header])
    for header in headers:
        used = re.findall(r"detail::(\w+)", without_comments(text[header]))
        used += re.findall(r"(?<![\w.>:])\w+", inside_detail(text[header]))
        seen = {subject[h] for h in reachable(header, graph) if h in subject}
        for name in sorted(set(used) & set(owners)):
            if subject[header] not in owners[name] and owners[name] & seen:
                yield f"{header}: uses `{name}` of a namespace `detail` in {min(owners[name] & seen)}"


def check_standard_names(headers, tree):
    """Headers include what they use of the standard library; definitions may rely on the header that declares them."""
    for header in headers:
        code = without_comments(tree.path(header).read_text())
        declaring = header.replace("definitions/", "")
        known = code + (tree.path(declaring).read_text() if declaring in headers else "")
        included = {target for bracket, target in INCLUDE.findall(known) if bracket == "<"}
        for name in sorted(set(re.findall(r"\bstd::(\w+)", code))):
            if name not in HEADERS_OF:
                yield f"{header}: add std::{name} to STANDARD_NAMES in tests/architecture.py"
            elif not included & set(HEADERS_OF[name]):
                yield f"{header}: uses std::{name} and does not include <{HEADERS_OF[name][0]}>"


def violations(tree):
    headers = tree.headers()
    if not headers:
        yield f"{tree.roots}: no headers found"
    for header in headers:
        text = tree.path(header).read_text(encoding="utf-8")
        yield from check_name(header)
        yield from check_text(header, text)
        yield from check_includes(header, text, tree)
    yield from check_folders(headers)
    yield from check_umbrella(headers, tree)
    yield from check_cycles(headers, tree)
    yield from check_detail(headers, tree)
    yield from check_standard_names(headers, tree)


def write_umbrella(tree):
    umbrella = tree.path("litestage.hpp")
    head = umbrella.read_text().split("#include", 1)[0].rstrip()
    includes = sorted(f'#include "litestage/{h}"' for h in umbrella_members(tree.headers()))
    umbrella.write_text(head + "\n\n" + "\n".join(includes) + "\n")


def selftest():
    """Each case: one more header in a correct tree, and a part of the message that it must cause."""
    good = "// A header.\n#pragma once\n"
    secret = "namespace litestage::detail {\n\ninline int secret() { return 1; }\n\n}  // namespace litestage::detail\n"
    umbrella = good + '#include "litestage/core/a.hpp"\n#include "litestage/policy/b.hpp"\n#include "litestage/{}"\n'
    tree = {"core/a.hpp": good + secret, "policy/b.hpp": good + '#include "litestage/core/a.hpp"\n'}
    cases = [
        ("core/bad.hpp", good, None),
        ("core/bad.hpp", good + '#include "litestage/policy/b.hpp"\n', "must not include litestage/policy/b.hpp"),
        ("model/bad.hpp", good + '#include "litestage/policy/b.hpp"\n', "must not include litestage/policy/b.hpp"),
        ("other/bad.hpp", good, "has no line in the table"),
        ("core/bad.hpp", good + '#include "litestage/core/gone.hpp"\n', "does not exist"),
        ("core/bad.hpp", good + '#include "a.hpp"\n', "written as a path from include/"),
        ("core/bad.hpp", good + "#include <litestage/core/a.hpp>\n", "goes in quotes"),
        ("core/bad.hpp", good + "#include <nlohmann/json.hpp>\n", "belongs to io/ only"),
        ("core/bad.hpp", "// A header.\n", "needs one #pragma once"),
        ("core/bad.hpp", "#pragma once\n", "expected a comment"),
        ("core/bad.hpp", good + "\n" * MAX_LINES, f"at most {MAX_LINES}"),
        ("core/bad.hpp", good + "using namespace std;\n", "no `using namespace`"),
        ("core/bad.hpp", good + "#define MAX 3\n", "does not start with LITESTAGE_"),
        ("kernels/bad.cuh", good + '#include "litestage/policy/b.hpp"\n', "must not include litestage/policy/b.hpp"),
        ("backend/gpu/bad.hpp", good + '#include "litestage/policy/b.hpp"\n', "must not include litestage/policy/b.hpp"),
        ("core/util.hpp", good, "says nothing about its subject"),
        ("core/Bad.hpp", good, "snake_case"),
        ("core/bad.hpp", good + '#include "litestage/core/bad.hpp"\n', "cycle"),
        ("core/bad.hpp", good + secret + "inline int f() { return detail::secret(); }\n", None),
        ("core/bad.hpp", good + '#include "litestage/core/a.hpp"\ninline int f() { return detail::secret(); }\n', "uses `secret`"),
        ("core/bad.hpp", good + '#include "litestage/core/a.hpp"\n' + secret.replace("int secret() { return 1; }", "int f() { return secret(); }"),
         "uses `secret`"),
        ("core/bad.hpp", good + "#include <vector>\ninline std::vector<int> f() { return {}; }\n", None),
        ("core/bad.hpp", good + "inline std::vector<int> f() { return {}; }\n", "does not include <vector>"),
        ("core/bad.hpp", good + "inline int f() { return std::unheard_of(); }\n", "add std::unheard_of"),
    ]
    failures = 0
    for header, text, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in {**tree, header: text, "litestage.hpp": umbrella.format(header)}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            found = list(violations(Tree(root)))
            if (expected is None and found) or (expected and not any(expected in line for line in found)):
                failures += 1
                print(f"selftest: {header}: expected {expected!r}, found {found}")
            (root / "litestage.hpp").write_text(good)
            if not any("does not include litestage/core/a.hpp" in line for line in violations(Tree(root))):
                failures += 1
                print("selftest: a header missing from the umbrella is not reported")
    full = list(check_folders([f"core/{n}.hpp" for n in range(MAX_HEADERS + 1)]))
    if len(full) != 1 or list(check_folders([f"core/{n}.hpp" for n in range(MAX_HEADERS)])):
        failures += 1
        print("selftest: a folder with one header too many is not reported, or a correct folder is")
    print(f"{len(cases)} cases, {failures} failed")
    return 1 if failures else 0


def main():
    project = pathlib.Path(__file__).resolve().parent.parent
    tree = Tree(project / "include" / "litestage", project / "kernels" / "litestage")
    if sys.argv[1:] == ["--selftest"]:
        return selftest()
    if sys.argv[1:] == ["--umbrella"]:
        write_umbrella(tree)
        return 0
    if sys.argv[1:]:
        print(__doc__)
        return 0 if sys.argv[1:] == ["--help"] else 2
    found = list(violations(tree))
    print("\n".join(found) if found else f"{len(tree.headers())} headers, no violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

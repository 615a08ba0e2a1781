"""What a results file says, as rates of every round and as a Markdown report."""

import statistics

from cases import KINDS, MOST_CONTEXT_ROUNDS, PROMPT_TOKENS
from racing import spread

COLUMNS = ("case", "threads", "litestage, tokens/s", "llama.cpp, tokens/s", "ratio", "share of the limit", "limit")


def rates(result):
    """Of every round: tokens/s of both programs, their ratio, and the share of the limit that litestage reaches."""
    ours, theirs = result["litestage_seconds"], result["llama_cpp_seconds"]
    read_bytes = result["weight_bytes"] + result["cache_bytes"]
    reading = [read_bytes / (limit * 1e9) for limit in result["read_bandwidth"]]
    computing = [result["operations"] / (limit * 1e9) for limit in result["integer_peak"]]
    least = [max(pair) for pair in zip(reading, computing, strict=True)]
    return {"litestage": [result["tokens"] / seconds for seconds in ours],
            "llama.cpp": [result["tokens"] / seconds for seconds in theirs],
            "ratio": [b / a for a, b in zip(ours, theirs, strict=True)],
            "share": [100 * a / b for a, b in zip(least, ours, strict=True)],
            "limit": "reading" if statistics.median(reading) > statistics.median(computing) else "computing"}


def rounded(values):
    """The spread with about three digits."""
    middle = statistics.median(values)
    return spread(values, 0 if middle >= 100 else 1 if middle >= 10 else 2)


def in_order(results):
    return sorted(results, key=lambda r: (KINDS.index(r["kind"]), r["size"], r["threads"]))


def groups(data):
    """{(model, instruction set): its results}"""
    found = {}
    for result in data["results"]:
        found.setdefault((result["model"], result["set"]), []).append(result)
    return {key: in_order(found[key]) for key in sorted(found)}


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def row(result):
    if "left_out" in result:
        return [result["case"], result["threads"], f"left out: {result['left_out']}", "", "", "", ""]
    found = rates(result)
    return [result["case"], result["threads"], rounded(found["litestage"]), rounded(found["llama.cpp"]),
            spread(found["ratio"], 2), spread(found["share"], 0) + " %", found["limit"]]


def limits_table(data):
    limits = {}
    for result in data["results"]:
        for name in ("read_bandwidth", "integer_peak"):
            own = limits.setdefault((result["set"], result["threads"]), {"read_bandwidth": [], "integer_peak": []})
            own[name] += result.get(name, [])
    rows = [[name, threads, rounded(found["read_bandwidth"]), rounded(found["integer_peak"])]
            for (name, threads), found in sorted(limits.items()) if found["integer_peak"]]
    return table(["instruction set", "threads", "reading, GB/s", "computing, Gop/s"], rows)


def about_machine(data):
    settings = data["settings"]
    lines = []
    for start in data["starts"]:
        lines.append(f"* Started {start['date']} with `{start['command']}`, load average {start['load']:.2f}: "
                     f"{start['cores']} cores, {start['memory_gb']} GB of memory, {start['kernel']}")
    lines += [f"* CPU: {settings['cpu']}", f"* litestage: commit {settings['commit']}, {settings['compiler']}, `-O2`"]
    for name, build in sorted(data["builds"].items()):
        lines.append(f"* llama.cpp for {name}: llama-cpp-python {build['version']}, `{build['system_info']}`")
    measured = {result["model"] for result in data["results"]}
    for name, model in sorted((name, model) for name, model in data["models"].items() if name in measured):
        lines.append(f"* {name}: {model['bytes']} bytes, SHA-256 {model['sha256'][:16]}...")
    return "\n".join(lines)


def about_numbers(settings):
    rounds = settings["rounds"]
    of_contexts = min(rounds, MOST_CONTEXT_ROUNDS)
    return f"""\
Both programs and the measurement of the machine's limits answer once in every round, in rotating order, after a round
that is not counted. Numbers are median [smallest..largest]. The number of rounds is {rounds}, and {of_contexts} for
"decode at N positions". The ratio is that of the rounds' own ratios, above 1 if litestage is faster. Both programs keep
K/V in F16 and choose no token. llama.cpp has its defaults.

* decode N tokens: one sequence, after a prompt of {PROMPT_TOKENS}.
* prefill of N tokens: in one step, logits of the last.
* decode N sequences: {settings['batch_steps']} steps, each with one new token of every sequence; all tokens count.
* decode at N positions: {settings['context_tokens']} tokens of one sequence that has N positions in the K/V cache.

The share of the limit is the least time that this machine needs, divided by the time that litestage takes. The least
time is the longer of two, which the last column names. Reading: all weights, as litestage packs them, once a step, and a
sequence's keys and values once a step, at the bandwidth of the same round. Computing: all products of weights, at the
8-bit integer peak of the same round; a prefill computes the output head for its last token only. Bandwidth and peak are
means of half a second on as many threads. More than 100 % is possible where weights stay in the CPU's cache. Weights of
F16, BF16 and F32 are not computed in 8-bit integers, so their share of computing means little."""


def markdown(data):
    parts = ["# litestage and llama.cpp", about_machine(data), about_numbers(data["settings"]),
             "## Limits of this machine", limits_table(data)]
    for (model, instruction_set), results in groups(data).items():
        parts += [f"## {model}, {instruction_set}", table(COLUMNS, [row(result) for result in results])]
    return "\n\n".join(parts) + "\n"

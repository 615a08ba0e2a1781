"""Tables and figures of the report, as Markdown, made from the kept results of cells."""

from protocol import ProtocolError, cell_named, read_result
from statistics_of import holm, paired, right

COLUMNS = ("accuracy, %", "difference, points", "p", "p (Holm)", "tokens", "skipped", "s", "speed-up", "fewer tokens",
           "faster token")


def percent(value):
    return f"{100 * value:.1f}"


def p_text(value):
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def interval(value, scale=1.0, digits=1, sign=""):
    return f"{scale * value['value']:{sign}.{digits}f} ({scale * value['low']:{sign}.{digits}f} to " \
           f"{scale * value['high']:{sign}.{digits}f})"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def method_named(result, name):
    for method in result["methods"]:
        if method["name"] == name:
            return method
    raise ProtocolError(f"cell {result['cell']}: found method {name!r}, expected one of "
                        f"{', '.join(method['name'] for method in result['methods'])}")


def runs_of(result):
    """The methods that were run or are shared, with the corrected p of each but the first."""
    runs = [method for method in result["methods"] if method["missing"] is None]
    own = [method for method in runs[1:] if not method["same_as"]]
    corrected = holm([method["summary"]["difference"]["p_value"] for method in own])
    return runs, {method["name"]: p for method, p in zip(own, corrected, strict=True)}


def speed_cells(method):
    speed = method["summary"]["speed"]
    if speed["questions"] == 0:
        return ["", "", "", ""]
    if not speed.get("speed_up"):
        return [f"{speed['seconds_per_question']:.2f}", "", "", ""]
    return [f"{speed['seconds_per_question']:.2f}", interval(speed["speed_up"], digits=2),
            f"{speed['fewer_tokens']['value']:.2f}", f"{speed['faster_token']:.2f}"]


def method_row(method, corrected, first):
    summary = method["summary"]
    name = method["name"] + (f" ({method['setting']})" if method["setting"] else "")
    if method["same_as"]:
        return [name, f"as {method['same_as']}"] + [""] * (len(COLUMNS) - 1)
    test = ["", "", ""]
    if not first:
        test = [interval(summary["difference"], 100, sign="+"), p_text(summary["difference"]["p_value"]),
                p_text(corrected[method["name"]])]
    return [name, interval(summary["accuracy"], 100), *test, f"{summary['tokens_per_question']:.1f}",
            f"{summary['sublayers_skipped_mean']:.1f}", *speed_cells(method)]


def methods_table(protocol, name):
    """All methods of a comparison against full depth."""
    result = read_result(cell_named(protocol, name))
    runs, corrected = runs_of(result)
    rows = [method_row(method, corrected, method is runs[0]) for method in runs]
    missing = [f"* {method['name']}: not run, {method['missing']}." for method in result["methods"]
               if method["missing"] is not None]
    kept = [i for i in range(len(COLUMNS) + 1) if i == 0 or any(row[i] != "" for row in rows)]
    header = ["method", *COLUMNS]
    text = table([header[i] for i in kept], [[row[i] for i in kept] for row in rows])
    return text + ("\n\n" + "\n".join(missing) if missing else "")


def pairs_table(protocol, name, *pairs):
    """Pairs of methods, each "A > B", on the same questions."""
    result = read_result(cell_named(protocol, name))
    rows = []
    for pair in pairs:
        first, second = (method_named(result, part.strip()) for part in pair.split(">"))
        only_first, only_second, p = paired(result, first, second)
        rows.append([first["name"], second["name"], percent(sum(right(result, first)) / len(result["ids"])),
                     percent(sum(right(result, second)) / len(result["ids"])), only_first, only_second, p_text(p)])
    return table(["method", "against", "accuracy, %", "its accuracy, %", "only the first right", "only the second right",
                  "p"], rows)


def value(protocol, name, method, key):
    """One figure: accuracy, difference, p, tokens, skipped, seconds, speed_up or questions."""
    result = read_result(cell_named(protocol, name))
    summary = method_named(result, method)["summary"]
    speed = summary["speed"]
    figures = {"accuracy": lambda: percent(summary["accuracy"]["value"]),
               "difference": lambda: interval(summary["difference"], 100, sign="+"),
               "p": lambda: p_text(summary["difference"]["p_value"]),
               "tokens": lambda: f"{summary['tokens_per_question']:.0f}",
               "skipped": lambda: f"{summary['sublayers_skipped_mean']:.1f}",
               "seconds": lambda: f"{speed['seconds_per_question']:.2f}",
               "speed_up": lambda: interval(speed["speed_up"], digits=2),
               "questions": lambda: str(len(result["ids"]))}
    if key not in figures:
        raise ProtocolError(f"found figure {key!r}, expected one of {', '.join(figures)}")
    return figures[key]()


def plans_table(protocol, *names):
    """What calibrations found: budgets, exit, and accuracy on their own questions."""
    rows = []
    for name in names:
        cell = cell_named(protocol, name)
        plan = read_result(cell)
        budgets = " / ".join(f"{budget['stage']} {budget['count']}" for budget in plan["budgets"])
        rows.append([name, plan["model"]["file"].removesuffix(".gguf"), len(plan["data"]["ids"]),
                     plan["search"]["metric"], budgets, exit_text(plan["exit"]), percent(plan["full"]["accuracy"]),
                     percent(plan["plan"]["accuracy"]),
                     f"{plan['full']['seconds'] / plan['plan']['seconds']:.2f}" if plan["plan"]["seconds"] else ""])
    return table(["plan", "model", "questions", "metric", "skipped sub-layers", "exit", "full depth, %", "plan, %",
                  "predicted speed-up"], rows)


def exit_text(policy):
    if policy["name"] == "low_confidence":
        return f"window {policy['window']}, threshold {policy['threshold']:.3f}"
    return policy["name"]


def made_table(protocol):
    """Where and when each cell was made."""
    rows = []
    for cell in protocol["cells"]:
        try:
            result = read_result(cell)
        except ProtocolError:
            rows.append([cell["id"], "not run", "", ""])
            continue
        rows.append([cell["id"], result.get("date", ""), result.get("commit", ""), result.get("cpu", "")])
    return table(["cell", "date", "commit", "CPU"], rows)


DIRECTIVES = {"methods": methods_table, "pairs": pairs_table, "value": value, "plans": plans_table, "made": made_table}

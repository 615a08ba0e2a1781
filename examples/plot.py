#!/usr/bin/env python3
"""Draws the files of compare and calibrate, as PNG and SVG.

A comparison (compare --json):              accuracy against speed-up; confidence traces, if it has them (--traces)
A plan (calibrate --plan):                  the search of each stage; early exits tried; the importance of sub-layers
Importance (calibrate --importance-only --json): the importance of sub-layers
"""

import argparse
import json
import pathlib
import sys
import textwrap

try:
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator
except ImportError:
    plt = None  # --help works without matplotlib

FULL, LITESTAGE, CONTROL = "black", "tab:red", "tab:gray"
BASELINES = {"early_exit_depth": "tab:blue", "unified": "tab:green", "skip_decode": "tab:purple",
             "ada_skip": "tab:orange", "short_gpt": "tab:brown"}
UNITS = {"a": ("attention", "tab:blue"), "m": ("MLP", "tab:orange")}


OTHER_BASELINES = ["tab:olive", "tab:cyan", "tab:pink", "gold", "navy"]  # used in the order of the methods


def colour_and_marker(name):
    baseline, _, equal = name.partition(", equal ")
    if equal:
        if baseline not in BASELINES:
            BASELINES[baseline] = OTHER_BASELINES[len(BASELINES) % len(OTHER_BASELINES)]
        return BASELINES[baseline], "s" if equal == "skipping" else "o"
    if name == "full depth":
        return FULL, "D"
    return (LITESTAGE, "*") if name in ("litestage", "litestage + exit") else (CONTROL, "v")


def spread(ideal, sizes):
    """Heights of labels, as close to the ideal ones as their sizes allow."""
    order = sorted(range(len(ideal)), key=lambda i: ideal[i])
    heights = list(ideal)
    for _ in range(500):
        for lower, upper in zip(order, order[1:]):
            short = (sizes[lower] + sizes[upper]) / 2 - (heights[upper] - heights[lower])
            if short > 1e-9:
                heights[lower] -= short / 2
                heights[upper] += short / 2
    return heights


def interval(ratio, scale=1):
    return [[scale * (ratio["value"] - ratio["low"])], [scale * (ratio["high"] - ratio["value"])]]


# ---- a comparison ----

def draw_accuracy_speed(comparison):
    run = [m for m in comparison["methods"] if m["missing"] is None]
    shared = {}
    for method in run:
        if method["same_as"]:
            shared.setdefault(method["same_as"], []).append(method["name"])
    timed = [m for m in run if not m["same_as"] and m["summary"]["speed"]["questions"] > 0]
    if not timed or timed[0]["summary"]["accuracy"]["trials"] == 0:
        return None
    figure, axes = plt.subplots(figsize=(11, 6.5))
    figure.subplots_adjust(left=0.08, right=0.64)
    points = []
    for method in timed:
        accuracy, speed_up = method["summary"]["accuracy"], method["summary"]["speed"]["speed_up"]
        colour, marker = colour_and_marker(method["name"])
        x, y = speed_up["value"], 100 * accuracy["value"]
        axes.errorbar(x, y, xerr=interval(speed_up), yerr=interval(accuracy, 100), color=colour, alpha=0.3, linewidth=1)
        axes.plot(x, y, marker, color=colour, markersize=13 if marker == "*" else 7)
        label = " = ".join([method["name"]] + shared.get(method["name"], []))
        points.append((x, y, colour, textwrap.fill(label, 55)))
    for method in run:
        if not method["answers"][0]["stages"]:
            height = 100 * method["summary"]["accuracy"]["value"]
            axes.axhline(height, color=CONTROL, linestyle="--", linewidth=1)
            axes.text(0.99, height, f"{method['name']} ({method['setting']})", color=CONTROL, fontsize=8, ha="right",
                      va="bottom", transform=axes.get_yaxis_transform())
    low, high = axes.get_ylim()
    line = (high - low) / 30
    heights = spread([p[1] for p in points], [line * (1 + p[3].count("\n")) for p in points])
    for (x, y, colour, label), height in zip(points, heights):
        # Labels form a column at the right of the plot.
        axes.annotate(label, (x, y), xytext=(1.02, height), textcoords=axes.get_yaxis_transform(), color=colour,
                      fontsize=8, va="center", annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.35, "linewidth": 0.7})
    axes.set_xlabel(f"speed-up over full depth ({timed[0]['summary']['speed']['questions']} questions, one at a time; "
                    "95 % intervals)")
    axes.set_ylabel(f"accuracy, % ({len(comparison['questions'])} questions; 95 % intervals)")
    axes.set_title(f"{comparison['model']['file']}, {comparison['data']['file']}\n"
                   f"{comparison['backend']} ({comparison['instruction_set']}), threads: {comparison['threads']}",
                   fontsize=10)
    axes.grid(alpha=0.2)
    return figure


def window_means(values, window):
    return [sum(values[i + 1 - window:i + 1]) / window for i in range(window - 1, len(values))]


def draw_traces(comparison):
    methods = {m["name"]: m for m in comparison["methods"] if m["missing"] is None}
    ends = methods.get("litestage + exit") or methods.get("litestage") or methods["full depth"]
    whole = methods.get("litestage", methods["full depth"])
    traced = [i for i, a in enumerate(ends["answers"]) if any("traces" in s for s in a["stages"])]
    if not traced:
        return None
    exit_policy = ends["policies"]["exit"]
    window, threshold = exit_policy.get("window", 1), exit_policy.get("threshold")
    stages = [s["name"] for s in ends["answers"][traced[0]]["stages"]]
    figure, grid = plt.subplots(len(traced), len(stages), figsize=(4.2 * len(stages), 2.6 * len(traced)), sharey=True,
                                squeeze=False)
    for row, i in zip(grid, traced):
        for axes, ended, without in zip(row, ends["answers"][i]["stages"], whole["answers"][i]["stages"]):
            for trace in without["traces"]:
                axes.plot(range(1, len(trace["values"]) + 1), trace["values"], color="lightgray", linewidth=1,
                          marker=".")
            for branch, trace in enumerate(ended["traces"]):
                colour = f"C{branch}"
                values = trace["values"]
                axes.plot(range(1, len(values) + 1), values, color=colour, alpha=0.35, linewidth=1, marker=".")
                means = window_means(values, window)
                axes.plot(range(window, len(values) + 1), means, color=colour, linewidth=1.8)
                if trace["stop"] == "exit" and values:
                    axes.plot(len(values), means[-1] if means else values[-1], "X", color=colour, markersize=10,
                              markeredgecolor="black")
            if threshold is not None:
                axes.axhline(threshold, color="black", linestyle=":", linewidth=1)
            axes.grid(alpha=0.2)
        row[0].set_ylabel(f"question {ends['answers'][i]['id']}", fontsize=9)
    for axes, stage in zip(grid[0], stages):
        axes.set_title(stage)
    for axes in grid[-1]:
        axes.set_xlabel("generated tokens")
    for axes in grid.flat:
        axes.set_xlim(0.5, max(axes.get_xlim()[1], 1.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    text = f"Confidence in each token, {ends['name']}: thin"
    if window > 1:
        text += f", mean of the last {window} bold"
    if threshold is not None:
        text += f"; dotted: the threshold, {threshold:.3g}; X: the exit"
    figure.suptitle(text + "; grey: the same without exit. A colour is a branch.", fontsize=10)
    figure.tight_layout()
    return figure


# ---- a plan, importance ----

def judged(plan):
    """What the search judged: the row (key of a point, label, scale), and the target."""
    search = plan["search"]
    if "target_score" in search:
        return ("score", "mean score, nats", 1), search["target_score"]
    return ("accuracy", "accuracy, %", 100), search["target"]


def draw_search(plan):
    budgets = plan["budgets"]
    points = plan["search"]["points"]
    if not points:
        return None
    most = max(p["questions"] for p in points)
    metric, target = judged(plan)
    rows = (("seconds", "seconds / question", 1), ("tokens", "tokens / question", 1), metric)
    figure, grid = plt.subplots(len(rows), len(budgets), figsize=(4.2 * len(budgets), 7.5), sharex="col", sharey="row",
                                squeeze=False)
    for column, budget in enumerate(budgets):
        tried = sorted((p for p in points if p["stage"] == budget["stage"]), key=lambda p: p["budgets"][column])
        whole = [p for p in tried if p["questions"] == most]
        for axes, (key, label, scale) in zip(grid[:, column], rows):
            counts = lambda ps: [p["budgets"][column] for p in ps]
            values = lambda ps: [scale * p.get(key, 0) for p in ps]  # plans leave out a score of 0
            partial = [p for p in tried if p["questions"] < most]
            axes.plot(counts(partial), values(partial), ".", color="silver", label="dropped early")
            axes.plot(counts(whole), values(whole), "-", color="tab:blue", alpha=0.4)
            for within, face in ((True, "tab:blue"), (False, "white")):
                some = [p for p in whole if p["within_target"] == within]
                axes.plot(counts(some), values(some), "o", color="tab:blue", markerfacecolor=face,
                          label=f"{'within' if within else 'below'} the target")
            axes.axvline(budget["count"], color=LITESTAGE, linewidth=1, label="the plan")
            if key == metric[0]:
                axes.axhline(scale * target, color="black", linestyle=":", linewidth=1)
                axes.set_xlabel("sub-layers skipped")
            if column == 0:
                axes.set_ylabel(label)
            axes.grid(alpha=0.2)
        grid[0, column].set_title(f"{budget['stage']}: {budget['count']}")
    grid[0, 0].legend(fontsize=7)
    figure.suptitle(f"Search of {plan['model']['file']} on {most} questions of {plan['data']['file']}; time by the "
                    f"latency model, answers by {plan['search']['metric']}", fontsize=10)
    figure.tight_layout()
    return figure


def draw_exits(plan):
    # Exits that were dropped early are left out: their means are over fewer questions.
    most = len(plan["data"]["ids"])
    curve = [p for p in plan["exit_curve"] if "window" in p["exit"] and p["questions"] == most]
    if not curve:
        return None
    metric, target = judged(plan)
    rows = (("seconds", "seconds / question", 1), ("tokens", "tokens / question", 1), metric)
    figure, grid = plt.subplots(1, len(rows), figsize=(4.6 * len(rows), 3.8))
    for axes, (key, label, scale) in zip(grid, rows):
        for number, window in enumerate(sorted({p["exit"]["window"] for p in curve})):
            own = sorted((p for p in curve if p["exit"]["window"] == window), key=lambda p: p["exit"]["threshold"])
            for p in own:
                axes.plot(p["exit"]["threshold"], scale * p.get(key, 0), "o", color=f"C{number}", markersize=7,
                          markerfacecolor=f"C{number}" if p["within_target"] else "white")
            axes.plot([p["exit"]["threshold"] for p in own], [scale * p.get(key, 0) for p in own], color=f"C{number}",
                      linewidth=1, alpha=0.4, label=f"window {window}")
        if plan["exit"].get("window"):
            axes.axvline(plan["exit"]["threshold"], color=LITESTAGE, linewidth=1,
                         label=f"the plan (window {plan['exit']['window']})")
        if key == metric[0]:
            axes.axhline(scale * target, color="black", linestyle=":", linewidth=1)
        axes.set_xlabel("threshold")
        axes.set_ylabel(label)
        axes.grid(alpha=0.2)
    grid[0].legend(fontsize=7)
    figure.suptitle(f"Early exits under the plan's budgets, {most} questions of {plan['data']['file']}; filled: within "
                    f"the target; {len(plan['exit_curve']) - len(curve)} others dropped or without an exit", fontsize=10)
    figure.tight_layout()
    return figure


def draw_importance(data):
    stages = data["importance"]["stages"]
    key = {"requests": "request_cosine", "last_token": "last_cosine"}.get(data.get("ranked_by"), "cosine")
    skipped = {b["stage"]: set(data["ranking"][:b["count"]]) for b in data.get("budgets", [])}
    names = [unit + str(layer) for layer in range(len(stages[0]["layer_cosine"])) for unit in "am"]
    figure, grid = plt.subplots(len(stages), 1, figsize=(max(8, 0.17 * len(names)), 2.9 * len(stages)), squeeze=False)
    for axes, stage in zip(grid[:, 0], stages):
        turned = {name: max(1 - cosine, 1e-6) for name, cosine in zip(names, stage[key])}
        order = sorted(names, key=lambda name: turned[name])
        for unit, (label, colour) in UNITS.items():
            for gone in (True, False):
                at = [i for i, name in enumerate(order)
                      if name[0] == unit and (name in skipped.get(stage["stage"], ())) == gone]
                if at:
                    axes.plot(at, [turned[order[i]] for i in at], "o", color=colour,
                              markerfacecolor=colour if gone or not skipped else "white",
                              label=label + (", skipped by the plan" if gone else ""))
        axes.set_yscale("log")
        axes.set_xticks(range(len(order)))
        axes.set_xticklabels(order, rotation=90, fontsize=6)
        axes.set_xlim(-1, len(order))
        axes.set_ylabel("1 - cosine")
        axes.set_title(f"{stage['stage']}: most redundant first", fontsize=9)
        axes.grid(alpha=0.2, axis="y")
    grid[0, 0].legend(fontsize=7)
    figure.suptitle("How far each sub-layer turns the residual stream", fontsize=10)
    figure.tight_layout()
    return figure


DRAWINGS = {
    "litestage.comparison/1": (("accuracy_speed", draw_accuracy_speed), ("traces", draw_traces)),
    "litestage.plan/1": (("search", draw_search), ("exits", draw_exits), ("importance", draw_importance)),
    "litestage.importance/1": (("importance", draw_importance),),
}


def read(path):
    try:
        data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"plot.py: {path}: {error}")
    found = data.get("format") if isinstance(data, dict) else None
    if found not in DRAWINGS:
        sys.exit(f"plot.py: {path}: format is {found!r}, expected {', '.join(DRAWINGS)}")
    return data


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE", nargs="+", help="comparisons, plans and importance, in any order")
    parser.add_argument("--out", metavar="FOLDER", default="plots", help="folder of the pictures (default: plots)")
    options = parser.parse_args()
    if plt is None:
        sys.exit("plot.py: matplotlib is missing (Debian, Ubuntu: apt-get install python3-matplotlib; elsewhere: pip "
                 "install matplotlib)")
    folder = pathlib.Path(options.out)
    drawn = 0
    files = [(pathlib.Path(path), read(path)) for path in options.files]
    formats = [data["format"] for _, data in files]
    for path, data in files:
        own = f"{path.stem}." if formats.count(data["format"]) > 1 else ""  # c.obqa.json: c.obqa.accuracy_speed.png
        for name, draw in DRAWINGS[data["format"]]:
            figure = draw(data)
            if figure is None:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            for suffix in ("png", "svg"):
                figure.savefig(folder / f"{own}{name}.{suffix}", dpi=150, bbox_inches="tight")
            plt.close(figure)
            drawn += 1
            print(folder / f"{own}{name}.png")
    if drawn == 0:
        sys.exit("plot.py: nothing to draw: the comparison has neither times nor traces")


if __name__ == "__main__":
    main()

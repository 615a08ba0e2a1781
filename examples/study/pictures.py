"""Draws the pictures of the report from their data, docs/results/study/pictures.json."""

import json

from protocol import ProtocolError

COLOURS = {"full depth": "black", "litestage": "tab:red", "litestage + exit": "tab:red"}


def axes_of(plot, methods, title):
    figure, axes = plot.subplots(figsize=(9, 5.5))
    figure.subplots_adjust(right=0.62)
    timed = [method for method in methods if method["speed_up"]]
    for place, method in enumerate(timed or methods):
        accuracy = method["accuracy"]
        x = method["speed_up"]["value"] if timed else method["tokens"]
        bars = [[100 * (accuracy["value"] - accuracy["low"])], [100 * (accuracy["high"] - accuracy["value"])]]
        colour = COLOURS.get(method["name"], f"C{place % 10}")
        axes.errorbar(x, 100 * accuracy["value"], yerr=bars, fmt="o", color=colour, alpha=0.8, label=method["name"])
    axes.set_xlabel("times as fast as full depth" if timed else "tokens generated a question")
    axes.set_ylabel("accuracy, % (95 % interval)")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=8, frameon=False)
    return figure


def draw(points):
    try:
        import matplotlib
        matplotlib.use("Agg")
        import matplotlib.pyplot as plot
    except ImportError as error:
        raise ProtocolError("draw: found no matplotlib, expected it (Debian: python3-matplotlib)") from error
    matplotlib.rcParams["svg.hashsalt"] = "study"
    for name, cell in json.loads(points.read_text(encoding="utf-8")).items():
        figure = axes_of(plot, [m for m in cell["methods"] if not m["same_as"]], cell["picture"])
        figure.savefig(points.with_name(f"{name}.svg"), metadata={"Date": None})
        plot.close(figure)
        print(f"drawn {name}.svg")

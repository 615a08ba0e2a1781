"""Draws the ratios of a results file: a panel for every model and instruction set, a bar for every case."""

import statistics

from machine import fail
from report import groups, rates

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError:
    plt = None


def expect_matplotlib():
    if plt is None:
        fail("--picture needs matplotlib (Debian, Ubuntu: apt-get install python3-matplotlib; elsewhere: pip install "
             "matplotlib)")


def draw_bars(axes, results, names, threads):
    """Bars from the median ratio, whiskers from the smallest to the largest; one colour for a number of threads."""
    height = 0.8 / len(threads)
    for result in results:
        ratios = rates(result)["ratio"]
        middle = statistics.median(ratios)
        number = threads.index(result["threads"])
        at = names.index(result["case"]) + height * (number - (len(threads) - 1) / 2)
        whiskers = [[middle - min(ratios)], [max(ratios) - middle]]
        axes.barh(at, middle, height, color=f"C{number}", alpha=0.75, xerr=whiskers,
                  error_kw={"elinewidth": 1, "capsize": 2})
        axes.annotate(f"{middle:.2f}", (max(ratios), at), xytext=(5, 0), textcoords="offset points", va="center",
                      fontsize=7)


def draw_panel(axes, title, results, threads):
    names = list(dict.fromkeys(result["case"] for result in results))
    draw_bars(axes, results, names, threads)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)  # the first case at the top
    axes.set_xlim(0, 1.12 * max(1, axes.get_xlim()[1]))
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.2, axis="x")
    handles = [plt.Rectangle((0, 0), 1, 1, color=f"C{number}", alpha=0.75) for number in range(len(threads))]
    axes.legend(handles, [f"{n} thread{'s' if n > 1 else ''}" for n in threads], loc="upper center", fontsize=8,
                bbox_to_anchor=(0.5, 0), borderaxespad=2.5, ncol=len(threads), frameon=False)


def draw(data, path):
    """Writes the picture in the format that the file's ending names. False if no case was measured."""
    panels = {key: [r for r in results if "left_out" not in r] for key, results in groups(data).items()}
    panels = {key: results for key, results in panels.items() if results}
    if not panels:
        return False
    threads = sorted({r["threads"] for results in panels.values() for r in results})
    rows = max(len({r["case"] for r in results}) for results in panels.values())
    sets = len({instruction_set for _, instruction_set in panels})
    columns = sets if sets > 1 else min(3, len(panels))  # with several sets, a line of panels is a model
    lines = -(-len(panels) // columns)
    figure, grid = plt.subplots(lines, columns, squeeze=False, layout="constrained",
                                figsize=(4.8 * columns, lines * (1.4 + 0.18 * rows * (1 + len(threads))) + 0.8))
    for axes in list(grid.flat)[len(panels):]:
        axes.remove()
    for axes, ((model, instruction_set), results) in zip(grid.flat, panels.items()):
        draw_panel(axes, f"{model}, {instruction_set}", results, threads)
    figure.suptitle("Speed of litestage / speed of llama.cpp\nmedian, smallest and largest of the rounds\n"
                    f"{data['settings']['cpu']}, commit {data['settings']['commit']}", fontsize=10)
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return True

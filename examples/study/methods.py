"""The methods of one's own of a cell, as the files that `compare --own-method` reads.

An entry of the protocol has a name and any of:
  skip        a skip policy in JSON
  of          the id of a cell whose ranking is skipped from; with
  by          what the ranking goes by: cosine, norm_ratio, block_influence or random (of a plan), loss (of a ranking)
  seed        of random
  budgets     sub-layers skipped in each stage, or "plan": those of the plan `of`
  shift       added to each budget of the plan, at least 0
  phase, kv   as in the skip policy lite_stage
  exit        an exit policy in JSON
  exit_of     the id of a plan whose exit is taken
  stages      a schedule of the protocol
  controls    caps with as many tokens follow the method
"""

import random

from protocol import ProtocolError, cell_named, read_result


def sublayer(index):
    return f"{'am'[index % 2]}{index // 2}"


def mean_over_stages(plan, key):
    """[numbers of one kind of the plan's importance], averaged over the stages."""
    lists = [stage[key] for stage in plan["importance"]["stages"]]
    return [sum(values) / len(values) for values in zip(*lists, strict=True)]


def ranking_of(result, entry):
    """Sub-layers in the order in which they are skipped."""
    by = entry.get("by", "cosine")
    if by == "loss":
        return result["ranking"]
    if by == "cosine":
        return result["ranking"]
    if by == "norm_ratio":  # sub-layers that change the length of the stream least come first
        ratios = mean_over_stages(result, "norm_ratio")
        order = sorted(range(len(ratios)), key=lambda i: (abs(ratios[i] - 1), i))
        return [sublayer(i) for i in order]
    if by == "block_influence":  # whole layers, the most similar first; of a layer the MLP first
        cosines = mean_over_stages(result, "layer_cosine")
        order = sorted(range(len(cosines)), key=lambda layer: (-cosines[layer], layer))
        return [f"{unit}{layer}" for layer in order for unit in "ma"]
    if by == "random":
        order = sorted(result["ranking"])
        random.Random(entry["seed"]).shuffle(order)
        return order
    raise ProtocolError(f"method {entry.get('name')!r}: found by {by!r}, expected cosine, norm_ratio, block_influence, "
                        "random or loss")


def budgets_of(result, entry):
    if entry["budgets"] != "plan":
        return dict(entry["budgets"])
    shift = entry.get("shift", 0)
    return {budget["stage"]: max(0, budget["count"] + shift) for budget in result["budgets"]}


def own_method(protocol, entry):
    """The object that compare reads."""
    method = {"name": entry["name"]}
    if "of" in entry:
        result = read_result(cell_named(protocol, entry["of"]))
        budgets = budgets_of(read_result(cell_named(protocol, entry.get("budgets_of", entry["of"]))), entry)
        method["skip"] = {"name": "lite_stage", "ranking": ranking_of(result, entry), **budgets,
                          **{key: entry[key] for key in ("phase", "kv") if key in entry}}
    elif "skip" in entry:
        method["skip"] = entry["skip"]
    if "exit_of" in entry:
        method["exit"] = read_result(cell_named(protocol, entry["exit_of"]))["exit"]
    elif "exit" in entry:
        method["exit"] = entry["exit"]
    if "stages" in entry:
        method["stages"] = protocol["stages"][entry["stages"]]
    if entry.get("controls"):
        method["controls"] = True
    return method

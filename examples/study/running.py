"""Runs cells: the command of each, with a journal, and the compact result that is kept of it."""

import json
import os
import pathlib
import shlex
import subprocess
import time

import cell_file
from methods import own_method, sublayer
from protocol import ROOT, ProtocolError, needs, read_result, cell_named, result_path

ANSWER_SET = "avx2"  # all answers are made with these kernels, so that they can be made again on any machine


class Place:
    """Where programs, models, data sets and unfinished work are."""

    def __init__(self, programs, models, data, work):
        self.programs, self.models, self.data, self.work = (pathlib.Path(p) for p in (programs, models, data, work))

    def model(self, protocol, cell):
        return self.existing(self.models / protocol["models"][cell["model"]], "examples/get_model.sh fetches models")

    def file(self, name):
        return self.existing(self.data / name, "--data names the folder of the data sets")

    @staticmethod
    def existing(path, remedy):
        if not path.is_file():
            raise ProtocolError(f"{path}: there is no such file, expected one ({remedy})")
        return str(path)


def spec_file(place, cell, name, value):
    """Writes JSON for a command, and returns its path."""
    path = place.work / f"{cell['id']}.{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    return str(path)


def question_options(protocol, place, cell):
    questions = protocol["questions"][cell["questions"]]
    options = ["--task", questions["task"], "--data", place.file(questions["file"])]
    for name in questions.get("exclude", []):
        options += ["--exclude", place.file(name)]
    return options + ["--questions", str(cell["count"])]


def common_options(protocol, place, cell):
    stages = spec_file(place, cell, "stages", protocol["stages"][cell["stages"]])
    return [*question_options(protocol, place, cell), "--model", place.model(protocol, cell), "--stages", "@" + stages,
            "--metric", protocol["questions"][cell["questions"]]["metric"], "--batch", str(protocol["batch"]),
            "--threads", str(protocol["threads"]), "--context", str(protocol["context"])]


def plan_command(protocol, place, cell):
    plan = place.work / f"{cell['id']}.plan.json"
    return [str(place.programs / "calibrate"), *common_options(protocol, place, cell), "--plan", str(plan),
            *cell.get("options", [])], plan


def comparison_command(protocol, place, cell):
    output = place.work / f"{cell['id']}.json"
    # Cells of one model and question set share a journal, because answers hold for every cell that needs them.
    journal = place.work / f"{cell['model']}.{cell['questions']}.{cell['count']}.journal"
    command = [str(place.programs / "compare"), *common_options(protocol, place, cell), "--journal", str(journal),
               "--json", str(output), "--methods", ",".join(cell.get("methods", ["full_depth"])),
               "--latency-questions", str(cell.get("latency", 0)), *cell.get("options", [])]
    if "plan" in cell:
        command += ["--plan", str(result_path(cell_named(protocol, cell["plan"])))]
    if "direct" in cell:
        command += ["--direct", "@" + spec_file(place, cell, "direct", protocol["stages"][cell["direct"]])]
    for number, entry in enumerate(cell.get("own", [])):
        command += ["--own-method", spec_file(place, cell, f"own.{number}", own_method(protocol, entry))]
    return command, output


def environment():
    return {**os.environ, "LITESTAGE_ISA": ANSWER_SET}


def finish(command):
    """Runs a program to its end; its progress stays visible."""
    print(shlex.join(command), flush=True)
    done = subprocess.run(command, env=environment(), check=False)
    if done.returncode != 0:
        raise ProtocolError(f"{pathlib.Path(command[0]).name} ended with exit code {done.returncode}; "
                            "the same command of study.py goes on from its journal")


def text_log_prob(place, model, text, skip, threads):
    command = [str(place.programs / "score"), "--model", model, "--text", text, "--skip", skip, "--threads",
               str(threads), "--quiet", "--json", str(place.work / "score.json")]
    subprocess.run(command, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return json.loads((place.work / "score.json").read_text(encoding="utf-8"))["summary"]["log_prob"]


def measured_ranking(protocol, place, cell):
    """Ranks sub-layers by the log-probability that a text of training solutions loses without them, least loss first."""
    model = place.model(protocol, cell)
    text = place.work / f"{cell['id']}.txt"
    text.write_text(cell_file.solutions(place.file(protocol["questions"][cell["questions"]]["file"]), cell["count"]),
                    encoding="utf-8")
    kept = place.work / f"{cell['id']}.losses.json"
    found = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    names = ["never"] + [f"static:all={sublayer(i)}" for i in range(2 * protocol["layers"][cell["model"]])]
    for place_in_list, skip in enumerate(names):
        if skip not in found:
            found[skip] = text_log_prob(place, model, str(text), skip, protocol["threads"])
            kept.write_text(json.dumps(found), encoding="utf-8")
        print(f"{cell['id']}: {place_in_list + 1} of {len(names)}, {skip}: {found[skip]:.2f}", flush=True)
    losses = {name.removeprefix("static:all="): found["never"] - value for name, value in found.items()
              if name != "never"}
    ranking = sorted(losses, key=lambda name: (losses[name], name))
    return {"losses": {name: round(losses[name], 4) for name in ranking}, "ranking": ranking}


def save(cell, result):
    path = result_path(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(cell_file.text_of(result), encoding="utf-8")
    os.replace(new, path)
    print(f"kept {path.relative_to(ROOT)}", flush=True)


def run(protocol, place, cell):
    for needed in needs(cell):
        read_result(cell_named(protocol, needed))
    place.work.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    made = cell_file.made_by(protocol, cell)
    if cell["kind"] == "ranking":
        result = {**made, **measured_ranking(protocol, place, cell)}
    elif cell["kind"] == "plan":
        command, output = plan_command(protocol, place, cell)
        finish(command)
        result = json.loads(output.read_text(encoding="utf-8"))
    else:
        command, output = comparison_command(protocol, place, cell)
        finish(command)
        result = {**made, **cell_file.compact(json.loads(output.read_text(encoding="utf-8")))}
    save(cell, result)
    print(f"{cell['id']}: {(time.monotonic() - begun) / 60:.1f} min", flush=True)

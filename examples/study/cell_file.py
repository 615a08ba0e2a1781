"""What is kept of a cell: ids, answers, counts and times. No text of a question or of an answer."""

import datetime
import json
import platform
import subprocess

from protocol import ROOT

FORMAT = "litestage.study.cell/1"


def commit():
    found = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True,
                           check=False)
    return found.stdout.strip() or "unknown"


def cpu():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            facts = dict(line.split(":", 1) for line in lines if ":" in line)
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        return f"{facts['model name']} (family {facts['cpu family']}, model {facts['model']})"
    except (OSError, KeyError):
        return platform.processor() or "unknown"


def made_by(protocol, cell):
    return {"format": FORMAT, "cell": cell["id"], "protocol": protocol["version"], "commit": commit(),
            "date": f"{datetime.date.today()}", "cpu": cpu()}


def compact_method(method):
    kept = {key: method[key] for key in ("name", "setting", "policies", "missing", "same_as") if key in method}
    if method["missing"] is not None:
        return kept
    answers = method["answers"]
    kept["summary"] = method["summary"]
    kept["predicted"] = [answer["predicted"] for answer in answers]
    kept["tokens"] = [[stage["generated_tokens"] for stage in answer["stages"]] for answer in answers]
    timed = [answer["timed"] for answer in answers if "timed" in answer]
    if timed:
        kept["seconds"] = [round(time["seconds"], 4) for time in timed]
    return kept


def compact(comparison):
    """The part of a comparison's file (litestage.comparison/1) that the study keeps."""
    facts = {key: comparison[key] for key in ("model", "instruction_set", "threads", "kv", "context", "batch", "task",
                                              "metric", "data", "plan", "warnings")}
    return {**facts, "ids": [question["id"] for question in comparison["questions"]],
            "gold": [question["gold"] for question in comparison["questions"]],
            "methods": [compact_method(method) for method in comparison["methods"]]}


def text_of(result):
    """JSON with one line for each list of numbers or answers, so that files are small and differences readable."""
    def write(value, depth):
        pad = " " * depth
        if isinstance(value, dict) and value:
            lines = [f'{pad} {json.dumps(key)}: {write(item, depth + 1)}' for key, item in value.items()]
            return "{\n" + ",\n".join(lines) + f"\n{pad}}}"
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            return "[\n" + ",\n".join(f"{pad} {write(item, depth + 1)}" for item in value) + f"\n{pad}]"
        return json.dumps(value, ensure_ascii=False)
    return write(result, 0) + "\n"


def solutions(path, count):
    """The first records of a file of GSM8K as one text: question and worked solution."""
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for _, line in zip(range(count), lines)]
    return "\n\n".join(f"Question: {record['question']}\nAnswer: {record['answer']}" for record in records)

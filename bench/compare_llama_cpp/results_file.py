"""The JSON file of a comparison. It has every finished case, so a later start goes on with those that are missing."""

import hashlib
import json
import os
import pathlib

from machine import fail

FORMAT = "litestage.compare_llama_cpp/2"
SOURCES = ("commit", "compiler")  # settings that all measured cases have in common
KEY = ("model", "set", "threads", "kind", "size")


def file_hash(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def read(path):
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{path}: found no JSON ({error}), expected the file of an earlier comparison")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        fail(f"{path}: found format {found!r}, expected {FORMAT!r}")
    return data


class ResultsFile:
    """`settings`: what all results of one file have in common."""

    def __init__(self, path, settings):
        self.path = pathlib.Path(path)
        self.start = None
        self.settings = settings
        self.data = {"format": FORMAT, "settings": settings, "starts": [], "models": {}, "builds": {}, "results": []}
        if self.path.exists():
            self.data = read(self.path)
            for name in {**settings, **self.data["settings"]}:
                if name in SOURCES:
                    continue  # a file that is complete gives its report whatever the sources are now
                self.expect(name, self.data["settings"].get(name), settings.get(name))

    def expect(self, what, found, expected):
        if found != expected:
            fail(f"{self.path} was made with other settings: found {what} = {found}, expected {expected}; remove it or "
                 "choose another file with --json")

    def add_model(self, name, path):
        about = {"bytes": os.path.getsize(path), "sha256": file_hash(path)}
        self.expect(f"model {name}", self.data["models"].get(name, about), about)
        self.data["models"][name] = about

    def begin(self, start):
        """`start`: what the report says of this start of the program, if it finishes a case."""
        for name in SOURCES:
            self.expect(name, self.data["settings"].get(name), self.settings[name])
        self.start = start
        self.save()  # a file that cannot be written is found now

    def add_build(self, instruction_set, about):
        self.expect(f"build {instruction_set}", self.data["builds"].get(instruction_set, about), about)
        self.data["builds"][instruction_set] = about

    def finished(self):
        return {tuple(result[name] for name in KEY) for result in self.data["results"]}

    def add(self, result):
        if self.start:
            self.data["starts"].append(self.start)
            self.start = None
        self.data["results"].append(result)
        self.save()

    def save(self):
        """Replaces the file as a whole: whoever reads it finds the old or the new one."""
        new = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
            os.replace(new, self.path)
        except OSError as error:
            fail(f"{self.path} cannot be written: {error.strerror}")

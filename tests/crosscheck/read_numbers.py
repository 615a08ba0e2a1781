#!/usr/bin/env python3
"""Compares the numbers that litestage reads from texts of a model with a second rule, written apart from it.

Takes results files (litestage.results/1) of `ask --task TASK --metric extracted --json FILE` for a task whose answers are
numbers. The second rule is short: the last number of the last \\boxed{}, else the first number after the words, or that
after an equals sign in the same sentence, else the last number of the text. Numbers of list items and of steps, and
ordinals, are left out. It knows nothing of ambiguous texts, so only texts in which litestage finds an answer are compared;
how many there are is printed.

Exit code 0 if both agree in at least 97 % of these texts and litestage reads a number in at least 80 % of all.
"""

import argparse
import json
import re
import sys
from fractions import Fraction

AGREE, READ = 0.97, 0.80
NUMBER = re.compile(r"(?<![\w.])[-\u2212]?\$?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+(?:\.\d+)?)?")


def plain(text):
    text = re.sub(r"<<[^<>\n]*>>", "", text)
    text = re.sub(r"(?m)^\s*\d{1,2}[.)]\s+(?=\S)|\bStep \d+|\d+(?:st|nd|rd|th)\b", " ", text)
    text = re.sub(r"\\[dt]?frac\{(\d+)\}\{(\d+)\}", r"\1/\2", text)
    text = re.sub(r"\\(?:text|textbf|mathbf|mathrm)\s*\{([^{}]*)\}", r"\1", text)
    text = text.replace("\\$", "$").replace("{,}", ",").replace("**", "").replace("\\!", "")
    return re.sub(r"\\[,;: ]|\\[()\[\]]", " ", text)


def boxed(text):
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 0, start + len("\\boxed{")
    for i in range(begin, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if depth < 0:
            return text[begin:i]
    return text[begin:]


def value(number):
    number = re.sub(r"[$,\s]", "", number).replace("\u2212", "-")
    top, _, bottom = number.partition("/")
    return Fraction(top) / Fraction(bottom) if bottom and Fraction(bottom) else Fraction(top)


def second_rule(text, words):
    box = boxed(text)
    if box is not None and NUMBER.search(plain(box)):
        return value(NUMBER.findall(plain(box))[-1])
    text = plain(text)
    at = text.lower().rfind(words.lower()) if words else -1
    if at >= 0 and NUMBER.search(text[at + len(words):]):
        rest = text[at + len(words):].lstrip(" :\n")
        sentence = re.split(r"\n|(?<=[^\d])\.\s|\.\s", rest)[0]
        after = sentence.rfind("=")
        if after >= 0 and NUMBER.search(sentence[after:]):
            return value(NUMBER.search(sentence[after:]).group())
        return value(NUMBER.search(rest).group())
    found = NUMBER.findall(text)
    return value(found[-1]) if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", help="results files of ask --json")
    parser.add_argument("--after", default="the answer is", help="the words of the schedule (default: %(default)s)")
    options = parser.parse_args()
    total = read = same = 0
    for path in options.results:
        with open(path, encoding="utf-8") as file:
            answers = json.load(file)["answers"]
        for answer in answers:
            total += 1
            predicted = answer["predicted"]
            if predicted is None or not answer["stages"]:
                continue
            read += 1
            ours = Fraction(predicted.rstrip("%"))
            theirs = second_rule(answer["stages"][-1]["branches"][0]["text"], options.after)
            same += ours == theirs
            if ours != theirs:
                print(f"{path}: question {answer['id']}: litestage reads {ours}, the second rule {theirs}")
    print(f"{total} texts, a number in {read}, the same in {same} of these")
    return 0 if total and read >= READ * total and same >= AGREE * read else 1


if __name__ == "__main__":
    sys.exit(main())

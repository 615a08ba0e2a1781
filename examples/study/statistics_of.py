"""Statistics that the file of a comparison does not have: between any two methods, and for a table as a whole."""

import math


def right(result, method):
    """[questions] whether the method's answer is right. A question may have several right answers."""
    found = []
    for predicted, gold in zip(method["predicted"], result["gold"], strict=True):
        found.append(predicted is not None and predicted in (gold if isinstance(gold, list) else [gold]))
    return found


def exact_p(only_first, only_second):
    """Exact McNemar test, two-sided."""
    n, k = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)


def paired(result, first, second):
    """(questions that only `first` answers right, that only `second` does, p)"""
    a, b = right(result, first), right(result, second)
    only_first = sum(x and not y for x, y in zip(a, b, strict=True))
    only_second = sum(y and not x for x, y in zip(a, b, strict=True))
    return only_first, only_second, exact_p(only_first, only_second)


def holm(values):
    """Holm's correction of p-values for their number, in the order given."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    corrected, largest = [0.0] * len(values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[i]))
        corrected[i] = largest
    return corrected


def tokens_per_question(method):
    return sum(sum(stages) for stages in method["tokens"]) / len(method["tokens"]) if method["tokens"] else 0.0

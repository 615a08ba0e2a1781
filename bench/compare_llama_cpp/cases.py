"""The cases of a comparison: what both programs are asked to do, and how much of a model's context that takes."""

import dataclasses

from machine import fail

PROMPT_TOKENS = 16  # as in speed_ours.cpp and speed_llama.py
KINDS = ("decode", "prefill", "batch", "context")
MOST_CONTEXT_ROUNDS = 3
LARGEST_PREFILL = 2048  # tokens of one step of llama.cpp
# Positions for each sequence that a process has room for, at least: one sequence, and the sequences of a batch.
SINGLE_CAPACITY, BATCH_CAPACITY, BATCH_SEQUENCES = 8192, 256, 32


@dataclasses.dataclass(frozen=True)
class Case:
    kind: str
    size: int  # decode and prefill: tokens; batch: sequences; context: positions before the timed tokens
    steps: int  # timed steps

    @property
    def name(self):
        return {"decode": f"decode {self.size} tokens", "prefill": f"prefill of {self.size} tokens",
                "batch": f"decode {self.size} sequences", "context": f"decode at {self.size} positions"}[self.kind]

    @property
    def command(self):
        """The line that both programs read."""
        return f"{self.kind} {self.size}" + (f" {self.steps}" if self.kind in ("batch", "context") else "")

    @property
    def tokens(self):
        """Tokens that the timed steps process."""
        return {"decode": self.size, "prefill": self.size, "batch": self.size * self.steps,
                "context": self.steps}[self.kind]

    @property
    def positions(self):
        """Positions of a sequence that must fit into the model's context."""
        return {"decode": PROMPT_TOKENS + self.size, "prefill": self.size, "batch": PROMPT_TOKENS + self.steps,
                "context": self.size + self.steps}[self.kind]

    def rounds(self, wanted):
        return min(wanted, MOST_CONTEXT_ROUNDS) if self.kind == "context" else wanted

    def work(self, rounds):
        """About how long the case takes, in decoded tokens. It serves only to guess the time to go."""
        times = self.rounds(rounds) + 1  # with the warm-up
        return {"decode": times * self.size, "prefill": times * self.size * 0.3, "batch": times * self.tokens * 0.4,
                "context": self.size * 0.3 + times * self.steps * (1 + self.size / 4000)}[self.kind]


def chosen_cases(options):
    if max(options.prefill_tokens) > LARGEST_PREFILL:
        fail(f"found --prefill-tokens {max(options.prefill_tokens)}, expected at most {LARGEST_PREFILL}")
    sizes = {"decode": [options.decode_tokens], "prefill": options.prefill_tokens, "batch": options.sequences,
             "context": options.contexts}
    steps = {"decode": options.decode_tokens, "prefill": 1, "batch": options.batch_steps,
             "context": options.context_tokens}
    return [Case(kind, size, steps[kind]) for kind in KINDS if kind in options.cases
            for size in sorted(set(sizes[kind]))]


def room(cases):
    """{is it a batch: (sequences, positions of each)} that a process for these cases has room for."""
    batches = [case for case in cases if case.kind == "batch"]
    single = [case for case in cases if case.kind != "batch"]
    return {True: (max([BATCH_SEQUENCES, *(case.size for case in batches)]),
                   max([BATCH_CAPACITY, *(case.positions for case in batches)])),
            False: (1, max([SINGLE_CAPACITY, *(case.positions for case in single)]))}

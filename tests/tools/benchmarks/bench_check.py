"""What it costs to judge a whole solution, and to name its mistakes.

    .venv/bin/python -m tests.tools.benchmarks.bench_check [rounds]

Processor time for 4-8-8-3 with 16 examples: in milliseconds (at most 300 for single mistakes), and as a ratio to one
evaluation of the same pass in the same round.
"""

import sys
import time
from statistics import median

import numpy as np

import mlpcore as mlp

SETUP = mlp.EXAMPLES["larger"].setup


def measure(do):
    start = time.process_time()
    do()
    return 1000 * (time.process_time() - start)


def main(rounds=10):
    wrong = mlp.MISTAKES["no 1/N"].rewrite(mlp.training_step(SETUP.net, SETUP.loss))
    written = {v: np.round(x, 4) for v, x in mlp.evaluate(wrong, SETUP.inputs()).items()}
    noise = {mlp.dW(1): np.random.default_rng(0).normal(size=SETUP.net[1].W.shape)}  # no mistake makes it
    jobs = {
        "single mistakes, whole solution": lambda: mlp.check_work(SETUP, written, digits=4, pairs=False),
        "single mistakes, one matrix": lambda: mlp.check_work(SETUP, noise, digits=4, pairs=False),
        "single mistakes and pairs, one matrix": lambda: mlp.check_work(SETUP, noise, digits=4),
    }
    SETUP.run()
    for name, do in jobs.items():
        pairs = [(measure(do), measure(SETUP.run)) for _ in range(rounds)]
        print(f"{name}: {median(a for a, _ in pairs):.1f} ms, {median(a / b for a, b in pairs):.0f} passes")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

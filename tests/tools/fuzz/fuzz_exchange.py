"""100,000 mutated links, files and texts of each kind: read or refused, with the longest time and the most memory.

    .venv/bin/python -m tests.tools.fuzz.fuzz_exchange [count] [first seed]

Time is this process's CPU time of one reading, memory what tracemalloc sees at the peak, against
ten times the size of the input or 128 KiB, whichever is more. Every tenth input is measured for
memory, because that makes it some ten times slower.
"""

import gc
import sys
import time
import tracemalloc
from collections import Counter

from tests.tools.fuzz.mutations import KINDS, attempt


def main(count=100_000, first=0):
    gc.disable()
    for kind, (_, _, size) in KINDS.items():
        slowest, heaviest, outcomes = (0.0, None), (0.0, None), Counter()
        for seed in range(first, first + count):
            text, read = attempt(kind, seed)
            start = time.process_time()
            outcomes[read()] += 1
            slowest = max(slowest, (time.process_time() - start, seed))
            if seed % 10 == 0:
                tracemalloc.start()
                read()
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                heaviest = max(heaviest, (peak / max(10 * size(text), 131_072), seed))
            if seed % 5000 == 0:
                gc.collect()
        print(
            f"{kind}: {count:,} read, {dict(outcomes)}; slowest {slowest[0] * 1e3:.1f} ms (seed {slowest[1]}), "
            f"heaviest {heaviest[0]:.2f} of what it may take (seed {heaviest[1]})",
            flush=True,
        )
        assert slowest[0] < 0.1, slowest
        assert heaviest[0] <= 1, heaviest


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

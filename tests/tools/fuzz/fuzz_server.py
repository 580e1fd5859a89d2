"""20,000 hostile actions on a running server: no fault on a page, no session left broken, no memory without bound.

    .venv/bin/python -m tests.tools.fuzz.fuzz_server [actions] [first seed] [sessions at a time]

Actions come in batches, each from a visitor of its own, who may come by a link that was changed on the
way. After each action nothing may stand on the page that was raised; after each batch the page is
whole, what is kept can be opened again, and a number typed into a cell arrives. Errors that arise in
code of ours are faults even where the session was mended; those that Streamlit raises when it reads
a widget's value are not. Every batch has a seed, and is the same again by itself.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pages.ui.state import saved
from tests.browser.conftest import serve
from tests.tools.load.hostile import Intruder
from tests.tools.load.student import PAGES
from tests.tools.load.usage import memory

#: Actions in a batch.
BATCH = 12
#: Megabytes that the server may take beyond those at its start, with 4 visitors at a time.
CAP = 250
#: Names of the pages in the address.
ENTRIES = [*PAGES.values()]


async def batch(url, seed):
    """One visitor's hostile actions; returns what was done, and what was wrong afterwards."""
    done, wrong = [], []
    intruder = Intruder(url, seed, page=ENTRIES[seed % len(ENTRIES)])
    try:
        async with intruder as v:
            for _ in range(BATCH):
                done.append(await v.attack())
                if faults := v.faults():
                    wrong.append(f"after {done[-1]}: {faults}")
                    v.traces.clear()
            wrong += await broken(v)
    except Exception as error:  # whatever it is, the seed is to be known
        wrong.append(f"after {done[-1:]}: {type(error).__name__}: {error}")
    return done, wrong


async def broken(v):
    """What is wrong with a session when it is used rightly again."""
    wrong = []
    v.values.clear()
    for page in PAGES:
        await v.run(page=v.links()[page]) if page in v.links() else await v.run()
        await v.settle()
        if v.faults() or not is_whole(v):
            wrong.append(f"{page} is not whole again: {v.faults()} {v.shown()}")
            v.traces.clear()
    await v.run(page=v.links()["Overview"])
    await v.settle()
    keep = v.told(v.stage)["keep"]
    try:
        saved.read_saved(keep)
    except ValueError as error:
        wrong.append(f"what is kept cannot be opened: {error}")
    await v.edit("W1", (0, 0), 0.4375)
    await v.settle()
    answer = v.told(v.stage)["answer"]
    if v.matrix("W1")[0] != 0.4375 or v.faults():
        wrong.append(f"a number does not arrive: {v.matrix('W1')[0]}, {answer}, {v.faults()}")
    return wrong


def is_whole(v):
    """Whether a page was drawn from its links to its last line."""
    has_foot = any(
        node.kind == "markdown" and node.proto.element_type == node.proto.Type.CAPTION for node in v.nodes.values()
    )
    return {*PAGES} <= {*v.links()} and v.has("tools") and has_foot


#: A trace in the log, its last line apart; in it the lines that say where, of code that is ours or Streamlit's.
_TRACE = re.compile(r"^Traceback .*\n((?: .*\n)+)(\S.*)", re.MULTILINE)
_FRAME = re.compile(r'^  File "([^"]*/(?:pages|mlpcore|app\.py|streamlit/)[^"]*)", line (\d+)', re.MULTILINE)
#: Where Streamlit reads what a browser sent.
_READING = "metadata.deserializer("


def ours(log):
    """Errors in the server's log that arose in code of this repository, or of wrong use of Streamlit, and how often."""
    found = Counter()
    for trace, error in _TRACE.findall(log):
        frames = _FRAME.findall(trace)
        misuse = error.startswith("streamlit.errors.") and _READING not in trace
        if frames and (misuse or "site-packages" not in frames[-1][0]):
            found[f"{Path(frames[-1][0]).name}:{frames[-1][1]} {error[:200]}"] += 1
    return found


async def hostilities(process, url, seeds, together):
    """Run the batches; returns how many actions there were, what was wrong by seed, and the most megabytes held."""
    queue, wrong, start = list(seeds)[::-1], {}, memory(process.pid)
    most, count = start, 0

    async def worker():
        nonlocal most, count
        while queue:
            seed = queue.pop()
            done, found = await batch(url, seed)
            count += len(done)
            most = max(most, memory(process.pid))
            if process.poll() is not None:
                found = [*found, "the server is gone"]
                queue.clear()
            if found:
                wrong[seed] = found

    await asyncio.gather(*(worker() for _ in range(together)))
    return count, wrong, most - start


def main(actions=20_000, first=0, together=4):
    log = Path(tempfile.mkstemp(suffix=".log")[1])
    with log.open("w") as out:
        process, url = serve(log=out)
    begun = time.perf_counter()
    try:
        seeds = range(first, first + -(-actions // BATCH))
        count, wrong, grown = asyncio.run(hostilities(process, url, seeds, together))
    finally:
        process.kill()
        process.wait(10)
    text = log.read_text(errors="replace")
    for seed, found in wrong.items():
        print(f"seed {seed}:", *found, sep="\n    ")
    for error, times in ours(text).items():
        print(f"{times} x {error}")
    print(
        f"{count:,} actions in {time.perf_counter() - begun:.0f} s: {len(wrong)} of {len(seeds)} sessions at fault, "
        f"{ours(text).total()} errors of ours, {text.count('uncaught in a page')} sessions mended; "
        f"memory grew by {grown:.0f} of {CAP} MB; log in {log}"
    )
    return bool(wrong or ours(text) or grown > CAP)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

"""20,000 hostile actions on a running server: no exception on a page, no broken session, bounded memory.

    .venv/bin/python -m tests.tools.fuzz.fuzz_server [actions] [first seed] [sessions at a time]

Actions come in batches, each from a visitor of its own, who may open a damaged link. After each action the page
may show no exception; after each batch the page is complete, what the browser keeps can be opened, and a number
typed into a cell arrives. Errors in our own code count even where the session recovered; those that Streamlit
raises when it reads the value of a widget do not. Every batch has a seed and can be repeated alone.
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
from tests.tools.load.usage import measure_memory

#: Actions in a batch.
BATCH = 12
#: Megabytes that the server may take beyond those at its start, with 4 visitors at a time.
CAP = 250
#: Names of the pages in the address.
ENTRIES = [*PAGES.values()]


async def run_batch(url, seed):
    """Run the hostile actions of one visitor; return what was done and what was wrong afterwards."""
    done, wrong = [], []
    intruder = Intruder(url, seed, page=ENTRIES[seed % len(ENTRIES)])
    try:
        async with intruder as v:
            for _ in range(BATCH):
                done.append(await v.attack())
                if faults := v.list_faults():
                    wrong.append(f"after {done[-1]}: {faults}")
                    v.traces.clear()
            wrong += await list_breakages(v)
    except Exception as error:  # the seed has to be reported
        wrong.append(f"after {done[-1:]}: {type(error).__name__}: {error}")
    return done, wrong


async def list_breakages(v):
    """List what is wrong with a session that is used in the usual way again."""
    wrong = []
    v.values.clear()
    for page in PAGES:
        await v.run(page=v.list_links()[page]) if page in v.list_links() else await v.run()
        await v.settle()
        if v.list_faults() or not is_complete(v):
            wrong.append(f"{page} is not complete again: {v.list_faults()} {v.list_kinds()}")
            v.traces.clear()
    await v.run(page=v.list_links()["Overview"])
    await v.settle()
    keep = v.get_payload(v.stage)["keep"]
    try:
        saved.read_saved(keep)
    except ValueError as error:
        wrong.append(f"what is kept cannot be opened: {error}")
    await v.edit("W1", (0, 0), 0.4375)
    await v.settle()
    answer = v.get_payload(v.stage)["answer"]
    if v.read_matrix("W1")[0] != 0.4375 or v.list_faults():
        wrong.append(f"a number does not arrive: {v.read_matrix('W1')[0]}, {answer}, {v.list_faults()}")
    return wrong


def is_complete(v):
    """Tell whether a page was drawn from its links to its last line."""
    has_foot = any(
        node.kind == "markdown" and node.proto.element_type == node.proto.Type.CAPTION for node in v.nodes.values()
    )
    return {*PAGES} <= {*v.list_links()} and v.has("tools") and has_foot


#: A trace in the log, its last line apart; in it the lines that say where, of code that is ours or Streamlit's.
_TRACE = re.compile(r"^Traceback .*\n((?: .*\n)+)(\S.*)", re.MULTILINE)
_FRAME = re.compile(r'^  File "([^"]*/(?:pages|mlpcore|app\.py|streamlit/)[^"]*)", line (\d+)', re.MULTILINE)
#: Where Streamlit reads what a browser sent.
_READING = "metadata.deserializer("


def find_own_errors(log):
    """Count the errors in the server's log from our own code, or from wrong use of Streamlit."""
    found = Counter()
    for trace, error in _TRACE.findall(log):
        frames = _FRAME.findall(trace)
        misuse = error.startswith("streamlit.errors.") and _READING not in trace
        if frames and (misuse or "site-packages" not in frames[-1][0]):
            found[f"{Path(frames[-1][0]).name}:{frames[-1][1]} {error[:200]}"] += 1
    return found


async def run_batches(process, url, seeds, together):
    """Run the batches; return the number of actions, what was wrong by seed, and the growth of memory in megabytes."""
    queue, wrong, start = list(seeds)[::-1], {}, measure_memory(process.pid)
    peak, count = start, 0

    async def worker():
        nonlocal peak, count
        while queue:
            seed = queue.pop()
            done, found = await run_batch(url, seed)
            count += len(done)
            peak = max(peak, measure_memory(process.pid))
            if process.poll() is not None:
                found = [*found, "the server is gone"]
                queue.clear()
            if found:
                wrong[seed] = found

    await asyncio.gather(*(worker() for _ in range(together)))
    return count, wrong, peak - start


def main(actions=20_000, first=0, together=4):
    log = Path(tempfile.mkstemp(suffix=".log")[1])
    with log.open("w") as out:
        process, url = serve(log=out)
    begun = time.perf_counter()
    try:
        seeds = range(first, first + -(-actions // BATCH))
        count, wrong, grown = asyncio.run(run_batches(process, url, seeds, together))
    finally:
        process.kill()
        process.wait(10)
    text = log.read_text(errors="replace")
    for seed, found in wrong.items():
        print(f"seed {seed}:", *found, sep="\n    ")
    for error, times in find_own_errors(text).items():
        print(f"{times} x {error}")
    print(
        f"{count:,} actions in {time.perf_counter() - begun:.0f} s: {len(wrong)} of {len(seeds)} sessions with faults, "
        f"{find_own_errors(text).total()} errors of ours, {text.count('uncaught in a page')} sessions recovered; "
        f"memory grew by {grown:.0f} of {CAP} MB; log in {log}"
    )
    return bool(wrong or find_own_errors(text) or grown > CAP)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

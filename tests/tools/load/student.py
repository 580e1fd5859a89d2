"""What one student of a class does with the app, and whether it answers rightly."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pages.ui import layout
from tests.tools.load.page import Node
from tests.tools.load.secrets import owners, secret
from tests.tools.load.visitor import Unanswered, Visitor

#: Every page: the words of its link -> its name in the address.
PAGES = {
    label: "" if file == "app.py" else file.removesuffix(".py").split("_", 1)[1] for file, label in layout.PAGES.items()
}
#: What a random visitor leaves alone: these start a measurement, which takes a processor for itself.
_LEFT = ("memory measure", "memory cancel")


@dataclass
class Book:
    """What is written down of a class.

    Attributes:
        seconds: of every action, by its name.
        wrong: what may not be: exceptions, silence, other values than those that were typed.
        leaks: whose secret came to whom.
        heard: the students who had their own secret back, so that a leak would have been seen.
        pages: those on which something was done.
        messages, size: how many came, and their bytes.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: Counter = field(default_factory=Counter)
    leaks: Counter = field(default_factory=Counter)
    heard: set[int] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    messages: int = 0
    size: int = 0

    def listen(self, number: int, message: bytes) -> None:
        """Note what a student was sent."""
        self.messages += 1
        self.size += len(message)
        for owner in owners(message):
            if owner == number:
                self.heard.add(number)
            else:
                self.leaks[f"{owner} to {number}"] += 1


class Student(Visitor):
    """A visitor that edits, steps, drags, undoes, opens menus, chooses and goes about.

    Args:
        number: which one of the class; its secrets carry it.
        book: where everything is written down.
    """

    def __init__(self, url: str, number: int, book: Book, seed: int = 0, **more: object) -> None:
        super().__init__(url, **more)
        self.number, self.book = number, book
        self.rng = random.Random(f"{seed} {number}")
        self.heard = lambda raw: book.listen(number, raw)

    async def live(self, until: float, think: float, late: float = 0.0) -> None:
        """Come `late`, act with `think` seconds between two actions on average, until that time of the loop."""
        await asyncio.sleep(late)
        if await self.arrive():
            await self.work(until, think)
        await self.leave()

    async def arrive(self) -> bool:
        """Open the page; whether it came."""
        start = asyncio.get_running_loop().time()
        with self._written_down():
            await self.connect()
            await self.run(page="")
            self._note("arrive", asyncio.get_running_loop().time() - start)
            return True
        return False

    async def work(self, until: float, think: float) -> None:
        """Act, with `think` seconds between two actions on average, until that time of the loop."""
        with self._written_down():
            while True:
                await asyncio.sleep(self.rng.uniform(0.5, 1.5) * think)
                if asyncio.get_running_loop().time() >= until:
                    return
                await self.something()

    @contextmanager
    def _written_down(self) -> Iterator[None]:
        try:
            yield
        except (Unanswered, OSError) as error:
            self.book.wrong[f"{type(error).__name__}: {error}"] += 1

    async def something(self) -> None:
        """One thing that a student might do now."""
        doing = {self.wander: 2, self.play: 3}
        if self._cells():
            doing |= {self.type: 6, self.drag: 2, self.take_back: 2, self.step: 6}
        what = self.rng.choices([*doing], [*doing.values()])[0]
        self.book.pages.add(self.page_hash)
        try:
            await what()
        except LookupError as error:  # what was there before is gone
            self.book.wrong[f"after {what.__name__}: {error!r}, on the page: {' '.join(self.shown())}"] += 1
        for fault in self.faults():
            self.book.wrong[f"after {what.__name__}: {fault}"] += 1
        self.traces.clear()

    def _note(self, name: str, seconds: float) -> None:
        self.book.seconds.setdefault(name, []).append(seconds)

    # --- the stage --------------------------------------------------------------------------

    def _cells(self) -> list[tuple[str, tuple[int, ...]]]:
        """The cells of weights and logits that stand on the stage."""
        if not self.stage:
            return []
        matrices = self.told(self.stage).get("matrices", {})  # on Memory it shows none, and only keeps
        good = {k: m for k, m in matrices.items() if m["editable"] and k[0] in "WO" and "stack" not in m}
        return [(name, (i, j)) for name, m in good.items() for i in range(m["shape"][0]) for j in range(m["shape"][1])]

    def _held(self, name: str, cell: tuple[int, int]) -> float:
        columns = self.told(self.stage)["matrices"][name]["shape"][1]
        return self.matrix(name)[cell[0] * columns + cell[1]]

    async def _put(self, name: str, cell: tuple[int, int], stroke: int | None = None) -> float:
        value = secret(self.number, self.rng.uniform(0.1, 1))
        took = await self.edit(name, cell, value, stroke)
        if self._held(name, cell) != value:
            self.book.wrong[f"{value} was typed into {name}{cell}, and {self._held(name, cell)} is there"] += 1
        return took

    async def type(self) -> None:
        """A number into a cell."""
        self._note("edit", await self._put(*self.rng.choice(self._cells())))

    async def drag(self) -> None:
        """A cell is held and dragged: many numbers, each as soon as the one before was taken."""
        name, cell = self.rng.choice(self._cells())
        stroke = self.seq + 1
        for _ in range(5):
            self._note("hold", await self._put(name, cell, stroke))

    async def take_back(self) -> None:
        """A number, and back, and again."""
        name, cell = self.rng.choice(self._cells())
        before = self._held(name, cell)
        await self._put(name, cell)
        typed = self._held(name, cell)
        self._note("undo", await self.undo())
        if self._held(name, cell) != before:
            self.book.wrong[f"undo left {self._held(name, cell)}, and {before} was there"] += 1
        if self.rng.random() < 0.5:
            self._note("redo", await self.undo("redo"))
            if self._held(name, cell) != typed:
                self.book.wrong[f"redo left {self._held(name, cell)}, and {typed} was there"] += 1

    async def step(self) -> None:
        """To another equation, cell or chapter; from the whole pass to the page that plays it."""
        told = self.told(self.stage)
        choices = told.get("choices", [])
        if told["kind"] == "wall":
            step = self.rng.randrange(len(told["steps"]))
            self._note("open", await self.report("open", {"step": step, "at": self.rng.random()}))
            if (there := self.told(self.stage)["cursor"]["step"]) != step:
                self.book.wrong[f"step {step} was opened, and {there} is shown"] += 1
        elif choices and self.rng.random() < 0.4:
            choice = self.rng.choice(choices)
            value = self.rng.choice(choice["options"])["value"]
            self._note(
                "choose",
                await self.report("choose", {"name": choice["name"], "value": value, "at": self.rng.random()}),
            )
        elif told["kind"] == "board":
            frame = self.rng.randrange(max(1, told["frame"]["have"][1]))
            self._note("pick", await self.report("pick", {"frame": frame, "rev": told["cursor"]["rev"]}))
        else:
            step = self.rng.randrange(len(told["steps"]))
            self._note("step", await self.report("cursor", {"step": step, "rev": told["cursor"]["rev"]}))

    # --- the rest of the page ---------------------------------------------------------------

    async def wander(self) -> None:
        """Another page."""
        page = self.rng.choice([*PAGES])
        self._note(page, await self.go(page))

    async def play(self) -> None:
        """Any widget there is: menus are opened and closed, and what is in them is chosen."""
        node = self.rng.choice([n for n in self.widgets() if likely(n, self.rng) is not None])
        self._note("menu" if node.kind == "popover" else "widget", await self.act(node, likely(node, self.rng)))


def likely(node: Node, rng: random.Random) -> object:
    """A value that a browser might send for a widget; None where a student would not touch it."""
    proto = node.proto
    if node.key in _LEFT:
        return None
    if node.kind == "popover":
        return not proto.popover.open
    if node.kind == "checkbox":
        return not proto.value
    if node.kind == "button":
        return True
    if node.kind == "selectbox":
        return rng.choice(proto.options)
    if node.kind == "button_group":
        return [rng.choice(proto.options).content]
    if node.kind == "slider":
        if node.words:
            return [rng.choice(proto.options)]
        stops = int((proto.max - proto.min) / proto.step)
        return [proto.min + proto.step * rng.randint(0, stops)]
    if node.kind == "text_input":
        return rng.choice(["3", "5", "12", "none of your numbers"])
    return None

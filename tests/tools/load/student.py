"""One student of a class: acts at random and checks every answer."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pages.ui import layout
from tests.tools.load.page import Node
from tests.tools.load.secrets import find_owners, sign_number
from tests.tools.load.visitor import NoAnswerError, Visitor

#: Every page: the label of its link -> its name in the address.
PAGES = {
    label: "" if file == "app.py" else file.removesuffix(".py").split("_", 1)[1] for file, label in layout.PAGES.items()
}
#: Not used at random: these start a measurement, which takes a processor for itself.
_NOT_USED = ("memory measure", "memory cancel")


@dataclass
class Record:
    """The record of a class.

    Attributes:
        seconds: of every action, by its name.
        wrong: exceptions, missing answers, values other than those that were typed.
        leaks: marked numbers that reached another student.
        answered: the students who received their own marked number, so that a leak would have been found.
        pages: those on which a student acted.
        messages, size: how many were received, and their bytes.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: Counter = field(default_factory=Counter)
    leaks: Counter = field(default_factory=Counter)
    answered: set[int] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    messages: int = 0
    size: int = 0

    def read(self, number: int, message: bytes) -> None:
        """Record a message to a student."""
        self.messages += 1
        self.size += len(message)
        for owner in find_owners(message):
            if owner == number:
                self.answered.add(number)
            else:
                self.leaks[f"{owner} to {number}"] += 1


class Student(Visitor):
    """A visitor that edits, steps, drags, undoes, opens menus, chooses and goes about.

    Args:
        number: its number in the class, which its numbers carry.
        record: of the class.
    """

    def __init__(self, url: str, number: int, record: Record, seed: int = 0, **more: object) -> None:
        super().__init__(url, **more)
        self.number, self.record = number, record
        self.rng = random.Random(f"{seed} {number}")
        self.on_message = lambda raw: record.read(number, raw)

    async def attend(self, until: float, think: float, late: float = 0.0) -> None:
        """Arrive after `late` seconds and act until that time of the event loop, on average every `think` seconds."""
        await asyncio.sleep(late)
        if await self.arrive():
            await self.work(until, think)
        await self.leave()

    async def arrive(self) -> bool:
        """Open the page; return whether it was shown."""
        start = asyncio.get_running_loop().time()
        with self._recorded():
            await self.connect()
            await self.run(page="")
            self._note("arrive", asyncio.get_running_loop().time() - start)
            return True
        return False

    async def work(self, until: float, think: float) -> None:
        """Act until that time of the event loop, on average every `think` seconds."""
        with self._recorded():
            while True:
                await asyncio.sleep(self.rng.uniform(0.5, 1.5) * think)
                if asyncio.get_running_loop().time() >= until:
                    return
                await self.act_at_random()

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        try:
            yield
        except (NoAnswerError, OSError) as error:
            self.record.wrong[f"{type(error).__name__}: {error}"] += 1

    async def act_at_random(self) -> None:
        """Do one thing that a student might do now."""
        doing = {self.wander: 2, self.play: 3}
        if self._cells():
            doing |= {self.type_number: 6, self.drag: 2, self.undo_edit: 2, self.step: 6}
        what = self.rng.choices([*doing], [*doing.values()])[0]
        self.record.pages.add(self.page_hash)
        try:
            await what()
        except LookupError as error:  # what was there before is gone
            self.record.wrong[f"after {what.__name__}: {error!r}, on the page: {' '.join(self.list_kinds())}"] += 1
        for fault in self.list_faults():
            self.record.wrong[f"after {what.__name__}: {fault}"] += 1
        self.traces.clear()

    def _note(self, name: str, seconds: float) -> None:
        self.record.seconds.setdefault(name, []).append(seconds)

    # --- the stage --------------------------------------------------------------------------

    def _cells(self) -> list[tuple[str, tuple[int, ...]]]:
        """List the cells of weights and logits on the stage."""
        if not self.stage:
            return []
        matrices = self.get_payload(self.stage).get("matrices", {})  # on Memory it shows none, and only keeps
        good = {k: m for k, m in matrices.items() if m["editable"] and k[0] in "WO" and "stack" not in m}
        return [(name, (i, j)) for name, m in good.items() for i in range(m["shape"][0]) for j in range(m["shape"][1])]

    def _held(self, name: str, cell: tuple[int, int]) -> float:
        columns = self.get_payload(self.stage)["matrices"][name]["shape"][1]
        return self.read_matrix(name)[cell[0] * columns + cell[1]]

    async def _put(self, name: str, cell: tuple[int, int], stroke: int | None = None) -> float:
        value = sign_number(self.number, self.rng.uniform(0.1, 1))
        took = await self.edit(name, cell, value, stroke)
        if self._held(name, cell) != value:
            self.record.wrong[f"{value} was typed into {name}{cell}, and {self._held(name, cell)} is there"] += 1
        return took

    async def type_number(self) -> None:
        """Type a number into a cell."""
        self._note("edit", await self._put(*self.rng.choice(self._cells())))

    async def drag(self) -> None:
        """Drag a cell: many numbers, each as soon as the one before was answered."""
        name, cell = self.rng.choice(self._cells())
        stroke = self.seq + 1
        for _ in range(5):
            self._note("hold", await self._put(name, cell, stroke))

    async def undo_edit(self) -> None:
        """Type a number, undo it and sometimes redo it."""
        name, cell = self.rng.choice(self._cells())
        before = self._held(name, cell)
        await self._put(name, cell)
        typed = self._held(name, cell)
        self._note("undo", await self.undo())
        if self._held(name, cell) != before:
            self.record.wrong[f"undo left {self._held(name, cell)}, and {before} was there"] += 1
        if self.rng.random() < 0.5:
            self._note("redo", await self.undo("redo"))
            if self._held(name, cell) != typed:
                self.record.wrong[f"redo left {self._held(name, cell)}, and {typed} was there"] += 1

    async def step(self) -> None:
        """Go to another equation, cell or chapter, or open the player from the whole pass."""
        payload = self.get_payload(self.stage)
        choices = payload.get("choices", [])
        if payload["kind"] == "wall":
            step = self.rng.randrange(len(payload["steps"]))
            self._note("open", await self.report("open", {"step": step, "at": self.rng.random()}))
            if (there := self.get_payload(self.stage)["cursor"]["step"]) != step:
                self.record.wrong[f"step {step} was opened, and {there} is shown"] += 1
        elif choices and self.rng.random() < 0.4:
            choice = self.rng.choice(choices)
            value = self.rng.choice(choice["options"])["value"]
            self._note(
                "choose",
                await self.report("choose", {"name": choice["name"], "value": value, "at": self.rng.random()}),
            )
        elif payload["kind"] == "board":
            frame = self.rng.randrange(max(1, payload["frame"]["have"][1]))
            self._note("pick", await self.report("pick", {"frame": frame, "rev": payload["cursor"]["rev"]}))
        else:
            step = self.rng.randrange(len(payload["steps"]))
            self._note("step", await self.report("cursor", {"step": step, "rev": payload["cursor"]["rev"]}))

    # --- the rest of the page ---------------------------------------------------------------

    async def wander(self) -> None:
        """Open another page."""
        page = self.rng.choice([*PAGES])
        self._note(page, await self.go(page))

    async def play(self) -> None:
        """Use any widget: open and close menus, and choose what is in them."""
        node = self.rng.choice([n for n in self.list_widgets() if choose_value(n, self.rng) is not None])
        self._note("menu" if node.kind == "popover" else "widget", await self.act(node, choose_value(node, self.rng)))


def choose_value(node: Node, rng: random.Random) -> object:
    """Choose a value that a browser might send for a widget; None where a student would not use it."""
    proto = node.proto
    if node.key in _NOT_USED:
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

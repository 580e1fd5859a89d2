"""A schedule says what stays cached between the forward and the backward pass.

It turns the two lists of a pass into one: every step with what is freed after it, and what
was dropped computed again, as a visible step just before the step that reads it (exercise 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .notation import Var, Z
from .registry import Registry
from .steps import Step

if TYPE_CHECKING:
    from .network import Network

#: What a pass is for: never freed.
RESULTS = ("dW", "db", "loss")


@dataclass(frozen=True)
class Schedule:
    """A policy: which forward matrices are dropped after their last forward reader.

    Attributes:
        name: as it is chosen.
        why: one sentence for the user.
        drops: network -> the matrices that the backward pass has to compute again.
    """

    name: str
    why: str
    drops: Callable[[Network], frozenset[Var]]

    def plan(self, ahead: list[Step], back: list[Step], net: Network) -> list[Step]:
        """The forward steps `ahead` and the backward steps `back` as one list under this policy."""
        dropped = self.drops(net)
        recipe = {step.out: step for step in ahead}
        steps = list(ahead)
        for step in back:
            for operand in step.operands:
                if operand in dropped:
                    dropped -= {operand}
                    steps.append(replace(recipe[operand], phase="backward", recompute=True))
            steps.append(step)
        return _with_frees(steps)


def _with_frees(steps: list[Step]) -> list[Step]:
    """Each step with what no later step reads. Read backwards: liveness ends at a definition."""
    made = {step.out for step in steps}
    needed: set[Var] = set()
    planned = []
    for step in reversed(steps):
        needed.discard(step.out)
        last = [v for v in step.operands if v in made and v not in needed and v.kind not in RESULTS]
        needed.update(step.operands)
        planned.append(replace(step, frees=tuple(dict.fromkeys(last))))
    return planned[::-1]


def _hidden_activations(net: Network) -> frozenset[Var]:
    return frozenset(Z(layer) for layer in range(1, net.depth))


#: Name -> `Schedule`. What stands here can be chosen, and what can be chosen is tested.
SCHEDULES: dict[str, Schedule] = Registry(
    "schedule",
    {
        s.name: s
        for s in (
            Schedule("cache S and Z", "Every matrix stays until its last reader.", lambda net: frozenset()),
            Schedule(
                "cache S",
                "Only preactivations stay; the backward pass computes each hidden activation again in place.",
                _hidden_activations,
            ),
        )
    },
)

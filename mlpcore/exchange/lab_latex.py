"""Exercise 3 worked as LaTeX: the pass of the laboratory, then its double sums with numbers, example by example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from ..equations.steps import Step
from ..logits import Lab, write_double_sum
from ..network import Array
from ..notation import A, P, Var, dO, ell
from .digits import Digits
from .latex import insert_count, typeset, write_document
from .scripts import check_count


def lab_document(lab: Lab, steps: Iterable[Step], values: Mapping[Var, Array], digits: Digits | None = None) -> str:
    """Write exercise 3 worked, ready to compile.

    Raises:
        ValueError: its sums have too many terms to be written out.
    """
    check_count(count_terms(lab))
    digits = digits or Digits()
    title = f"The hinge loss on probabilities, {lab.classes} classes, {lab.N} example{'s' * (lab.N != 1)}"
    return write_document(title, lab, lab.N, steps, values, digits, _write_terms(lab, values, digits))


def count_terms(lab: Lab) -> int:
    """Count the terms of all its double sums."""
    return lab.classes**2 * lab.N


def _write_terms(lab: Lab, values: Mapping[Var, Array], digits: Digits) -> Iterator[str]:
    """Write loss and gradient of each example as sums over its active competing classes."""
    lay, loss = lab.conventions.lay, lab.conventions.loss(lab.loss)
    p, active, losses, gradient = (lay.convert(v, values[v]) for v in (P, A, ell, dO))
    number, constant = digits.for_matrix(P, p).latex, insert_count(loss.c.latex(), lab.N)
    yield r"\subsection*{Exercise 3 (ii), term by term}"
    yield typeset([write_double_sum(loss).replace(" = ", " &= ", 1)])
    for n, y in enumerate(lab.labels):
        competing = np.flatnonzero(active[:, n]).tolist()
        which = ", ".join(str(l + 1) for l in competing) or "none"
        yield rf"\subsubsection*{{Example {n + 1}: true class {y + 1}, active competing classes: {which}}}"
        ways = (
            ([f"p_{{{k + 1}}}" for k in range(lab.classes)], "m"),
            ([number(x) for x in p[:, n]], digits.latex(lab.loss.margin)),
        )
        terms = [[f"({q[l]} - {q[y]} + {m})" for l in competing] for q, m in ways]
        lines = _write_sum(rf"\ell_{{{n + 1}}}", terms, "", digits.for_matrix(ell, losses).latex(losses[n]))
        for j in range(lab.classes):
            place = ",".join(str(i + 1) for i in lay.convert_cell(dO, (j, n)))
            terms = [
                [rf"{q[j]}\,({int(l == j)} - {int(y == j)} - {q[l]} + {q[y]})" for l in competing] for q, _ in ways
            ]
            value = digits.for_matrix(dO, gradient).latex(gradient[j, n])
            lines += _write_sum(rf"\frac{{\partial\mathcal{{L}}}}{{\partial o_{{{place}}}}}", terms, constant, value)
        yield typeset(lines)


def _write_sum(left: str, terms: list[list[str]], constant: str, value: str) -> list[str]:
    """Write a sum with symbols, with numbers, and its value; one without terms is 0."""
    sums = [" + ".join(each) for each in terms if each]
    if constant:
        sums = [rf"{constant}\left({text}\right)" for text in sums]
    first, *rest = [*sums, value]
    return [f"{left} &= {first}", *(f"&= {text}" for text in rest)]

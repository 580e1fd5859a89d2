"""Exercise 1: why each gradient has the formula it has, on the numbers at hand.

A derivation is a list of equations like a pass, with one thing more: indicators. The indicator
`1_i` is a vector that holds a 1 at i; a product with it picks a row, a column or a cell, so that
"the derivative by one weight" and "the part of a product that one example makes" are equations
over the same matrices, with the same readings as every other.

    >>> import mlpcore as mlp
    >>> sheet = mlp.EXAMPLES["worksheet"].setup
    >>> d = mlp.derivation.derive(sheet, mlp.W(1), cells=[(2, 1)])
    >>> [claim.holds for claim in d.claims]
    [True, True, True, True, True, True, True]
"""

from .jacobian import Jacobian, count_jacobian, jacobian
from .lines import Claim, Derivation
from .local import derive, targets
from .output import derive_output
from .shapes import Candidate, candidates
from .ways import WAYS, Product, Walk, products, walk

__all__ = [
    "WAYS", "Candidate", "Claim", "Derivation", "Jacobian", "Product", "Walk",
    "candidates", "count_jacobian", "derive", "derive_output", "jacobian", "products", "targets", "walk",
]  # fmt: skip

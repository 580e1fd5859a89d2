"""The spreadsheet: what another program computes from its formulas is the pass, also after an edit."""

import io
from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.equations.penalties import PENALTIES
from mlpcore.exchange import to_xlsx
from mlpcore.exchange.spreadsheet import list_blocks
from mlpcore.logits import LABS
from mlpcore.setup import with_cells, with_loss

pytest.importorskip("xlsxwriter")
openpyxl = pytest.importorskip("openpyxl")
formulas = pytest.importorskip("formulas")

SHEET = mlp.EXAMPLES["worksheet"].setup
CLASSES = mlp.EXAMPLES["three classes"].setup
SMALL = replace(CLASSES, batch=mlp.Batch(CLASSES.batch.X[:, :2], CLASSES.batch.Y[:, :2]))


class Book:
    """A workbook as openpyxl reads it, its formulas compiled by the package `formulas`."""

    def __init__(self, subject, steps, values):
        self.data = to_xlsx(subject, steps, values)
        sheet = openpyxl.load_workbook(io.BytesIO(self.data)).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        parser = formulas.Parser()
        self.given = {c.coordinate: c.value for c in cells if c.data_type != "f"}
        self.compiled = {c.coordinate: parser.ast(c.value)[1].compile() for c in cells if c.data_type == "f"}

    def compute(self, changes=()):
        """Compute every cell, from top to bottom."""
        found = self.given | dict(changes)
        for place, formula in self.compiled.items():
            found[place] = compute(formula, found)
        return found


def compute(formula, cells):
    return float(np.ravel(formula(*(read_range(cells, name) for name in formula.inputs)))[0])


def read_range(cells, name):
    left, top, right, bottom = openpyxl.utils.range_boundaries(name)
    rows = range(top, bottom + 1)
    return np.array([[cells[name_cell(r, c)] for c in range(left, right + 1)] for r in rows], dtype=float)


def name_cell(row, column):
    return f"{openpyxl.utils.get_column_letter(column)}{row}"


def list_cells(blocks):
    """Every number of the pass by its place on the sheet, and whether it has a formula."""
    return {
        name_cell(block.row + i + 1, block.column + j + 1): (x, block.formulas is not None)
        for block in blocks
        for (i, j), x in np.ndenumerate(block.values)
    }


def assert_same(found, wanted):
    size = max(abs(x) for x, _ in wanted.values())
    for place, (x, _) in wanted.items():
        assert abs(found[place] - x) <= 1e-12 * max(abs(x), 1e-3 * size), place


CHAINS = {
    "worksheet": (SHEET, mlp.W(1), (0, 1)),
    "cross-entropy": (with_loss(SMALL, "CrossEntropy"), mlp.W(1), (1, 0)),
    "exercise 3": (LABS["four answers"].lab, mlp.O, (0, 1)),
}


@pytest.mark.parametrize("name", CHAINS)
def test_another_program_computes_the_pass_and_follows_an_edit(name):
    subject, var, cell = CHAINS[name]
    book = Book(subject, *subject.run())
    first = list_cells(list_blocks(subject, *subject.run()))
    assert {place for place, (_, has) in first.items() if has} == set(book.compiled)
    assert_same(book.compute(), first)
    after, refused = with_cells(subject, [(var, cell, -0.35)])
    assert not refused
    second = list_cells(list_blocks(after, *after.run()))
    changed = {place: x for place, (x, has) in second.items() if not has and x != first[place][0]}
    assert len(changed) == 1
    assert_same(book.compute(changed), second)


def test_a_program_that_computes_nothing_shows_the_numbers():
    steps, values = SHEET.run()
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(SHEET, steps, values)), data_only=True)
    cached = book.active
    assert book.defined_names["W_1"].attr_text == "Pass!$B$11:$C$13"
    assert [[cell.value for cell in row] for row in cached["B11:C13"]] == SHEET.net.layers[0].W.tolist()
    for place, (x, _) in list_cells(list_blocks(SHEET, steps, values)).items():
        assert cached[place].value == x


def list_passes():
    """Passes that hold every activation, loss, penalty and layout, and micro-batches."""
    for name in mlp.ACTIVATIONS:
        net = mlp.Network([mlp.Layer(layer.W, layer.b, name) for layer in SMALL.net.layers])
        yield replace(SMALL, net=net, conventions=mlp.Conventions(at_kink=0.5))
    for name in mlp.LOSSES:
        yield with_loss(SMALL, name, as_classes=True)
        for layout in mlp.LAYOUTS:
            conventions = mlp.Conventions(layout, scale="1/(2N)")
            yield replace(with_loss(SMALL, name, as_classes=True), conventions=conventions)
    yield mlp.EXAMPLES["dropout"].setup
    for penalty in PENALTIES:
        yield replace(SMALL, loss=mlp.MSE(penalty=penalty, strength=0.1, penalises_biases=True))


def test_every_equation_has_formulas_that_give_its_numbers():
    parser, seen = formulas.Parser(), set()
    passes = [(setup, *setup.run()) for setup in list_passes()]
    for setup, steps, values in [*passes, (CLASSES, *CLASSES.run(("blocks", 2)))]:
        blocks = list(list_blocks(setup, steps, values))
        cells = {place: x for place, (x, _) in list_cells(blocks).items()}
        for step, block in zip(steps, blocks[len(setup.inputs()) :], strict=True):
            assert block.formulas, block.title
            kind = step.op, tuple(np.shape(values[v]) for v in step.operands)
            if kind in seen:
                continue
            seen.add(kind)
            last = block.values[-1, -1]
            found = compute(parser.ast(block.formulas[-1][-1])[1].compile(), cells)
            assert abs(found - last) <= 1e-12 * max(1, abs(last)), block.title
    assert {f.apply for f in mlp.ACTIVATIONS.values()} <= {op for op, _ in seen}

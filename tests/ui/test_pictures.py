"""The worked pass as a web page: every number is there, and nothing that runs."""

from html.parser import HTMLParser

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.setup import with_cells
from pages.ui.components.stage.pictures import render_pass


class Page(HTMLParser):
    """Tags that are opened and closed, and the cells of every table."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.tables, self.styles = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag == "td":
            self.styles.append(dict(attrs).get("style", ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.tables[-1][-1].append(float(data))


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
@pytest.mark.parametrize("name", ["worksheet", "three classes", "mazur"])
def test_every_matrix_of_every_equation_is_there_with_its_numbers(name, layout):
    setup = mlp.Setup(*(getattr(mlp.EXAMPLES[name].setup, f) for f in ("net", "batch", "loss", "rate")),
                      mlp.Conventions(layout))  # fmt: skip
    steps, values = setup.run()
    page = Page(render_pass(setup, steps, values))
    assert page.open == []
    assert "script" not in page.tags
    shown = [v for s in steps for v in dict.fromkeys((*s.operands, s.out))]
    assert len(page.tables) == len(shown)
    for var, table in zip(shown, page.tables, strict=True):
        np.testing.assert_allclose(np.ravel(table), np.ravel(values[var]), rtol=1e-5, atol=1e-300)
        if np.ndim(values[var]) == 2:
            assert np.shape(table) == np.shape(values[var])


def test_zero_is_white_and_signs_have_colours_of_their_own():
    setup = mlp.EXAMPLES["worksheet"].setup
    page = Page(render_pass(setup, *setup.run()))
    numbers = [x for table in page.tables for row in table for x in row]
    for x, style in zip(numbers, page.styles, strict=True):
        red, _, blue = map(int, style.split("rgb(")[1].split(")")[0].split(","))
        assert (red == blue == 255) if x == 0 else (blue > red) if x > 0 and blue != red else (red >= blue)


def test_infinity_is_written_and_not_coloured():
    setup = with_cells(mlp.EXAMPLES["worksheet"].setup, [(mlp.W(1), (0, 0), 1e308), (mlp.Z(0), (0, 0), 1e308)])[0]
    text = render_pass(setup, *setup.run())
    assert "<td>inf</td>" in text

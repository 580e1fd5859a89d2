"""The worked pass as a web page: every number is there, and nothing that runs."""

import re
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
    shown = []
    for s in steps:
        read = {(v, k in s.op.views): (s.op.views[k].arithmetic if k in s.op.views else np.asarray)(values[v])
                for k, v in enumerate(s.operands)}  # fmt: skip
        shown += [*read.values(), values[s.out]]
    assert len(page.tables) == len(shown)
    for x, table in zip(shown, page.tables, strict=True):
        np.testing.assert_allclose(np.ravel(table), np.ravel(x), rtol=1e-5, atol=1e-300)
        if np.ndim(x) == 2:
            assert np.shape(table) == np.shape(x)


def test_gradients_have_a_scale_of_their_own_and_the_head_shows_the_rate():
    setup = mlp.EXAMPLES["worksheet"].setup
    text = render_pass(setup, *setup.run())
    assert "learning rate 0.5</h1>" in text
    assert 'name="viewport"' in text
    full = text[text.index("<h2>Update") :]
    # The largest gradient of an update is as deep in colour as the largest weight, though it is much smaller.
    assert re.search(r"rgb\(210,101,31\)[^>]*>-0.0376", full)


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

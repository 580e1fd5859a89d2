"""Every page and chapter over random set-ups, layouts and losses: every sentence is held against a recomputation.

A sentence is known here by a pattern: in `CLAIMS` with a recomputation of its own, or in `PLAIN` where it asserts
nothing of the numbers (labels, instructions, definitions). One that neither knows fails, so that none is added without
its assertion.
"""

import contextlib
import math
import random
import re
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.equations.steps import evaluate
from mlpcore.logits import CONFIDENT, LABS, descend
from mlpcore.losses import SoftmaxHinge, softmax
from mlpcore.notation import O, dO
from mlpcore.passes.conventions import LAYOUTS, SCALES, Conventions
from mlpcore.setup import with_cells
from pages.ui.components.stage.chapters import CHAPTERS, build_derivation_payload
from pages.ui.components.stage.chapters_hinge import CHAPTERS as HINGE_CHAPTERS
from pages.ui.layout import PAGES
from pages.ui.state import saved
from pages.ui.state.app_state import AppState, make_example_setup
from pages.ui.state.memory_page import CHAPTERS as MEMORY_CHAPTERS
from pages.ui.state.memory_page import MemoryChoice
from pages.ui.state.place import Place
from pages.ui.widgets.stages import describe_network
from tests.js.write_fixtures import random_setup
from tests.visits import CHECK, DERIVE, HINGE, MEMORY, list_payloads, visit

# --- what is on the screen ---------------------------------------------------------------------------

#: Fields of a payload that hold sentences.
SENTENCES = ("look", "why", "says", "legend", "remark", "note", "against")


def list_texts(node):
    """List the sentences in a payload."""
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str):
                if key in SENTENCES:
                    yield value
            elif key not in ("matrices", "keep"):
                yield from list_texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from list_texts(value)


def list_chart_texts(figure):
    layout = figure["layout"]
    yield layout["title"]["text"]
    yield from (words["text"] for words in layout.get("annotations", ()))
    yield from (layout.get(axis, {}).get("title", {}).get("text", "") for axis in ("xaxis", "yaxis", "yaxis2"))


def list_page_texts(app):
    """List the sentences of a page as a person reads them: without markup."""
    for kind in ("markdown", "caption", "info", "success", "error", "warning"):
        for element in getattr(app, kind):
            if not element.value.startswith("|"):
                yield re.sub(r"\\(.)|\*\*|:(?:green|gray|red|orange)\[", r"\1", element.value)
    for sent in list_payloads(app._tree):
        yield from list_chart_texts(sent["figure"]) if "figure" in sent else list_texts(sent)


def split_sentences(text):
    for part in text.replace("]", "] ").split(" · ") if "✓" in text or "–" in text else [text]:
        yield from re.split(
            r"(?<=[.!?])\s+(?=[^\W\d_]|✓|–)", re.sub(r"&nbsp;|</?(?:sub|sup|br)>|\] $", " ", part).strip()
        )


# --- the world a sentence is about ------------------------------------------------------------------


def find_unit(text):
    """Find one unit of the last digit of 0.0123 or 1.234e-05; an exact 0 is written with four decimals like the others."""
    number, _, power = text.partition("e")
    return 10.0 ** (int(power or 0) - len(number.partition(".")[2])) if "." in number else 1e-4


@dataclass(frozen=True)
class World:
    """A visitor's state on one page, with what is recomputed of it.

    Attributes:
        state: what the visitor entered; page: the file.
    """

    state: AppState
    page: str

    @property
    def setup(self):
        return self.state.setup

    @cached_property
    def lab(self):
        return replace(self.state.lab, conventions=self.setup.conventions)

    @cached_property
    def run(self):
        return self.setup.run()

    @cached_property
    def plain(self):
        """Every matrix in the worksheet's layout."""
        return {v: self.setup.conventions.lay.convert(v, x) for v, x in self.run[1].items()}

    @cached_property
    def by_symbol(self):
        return {v.symbol: v for v in self.run[1]}

    @cached_property
    def work(self):
        """The matrices that were written down to be checked: their numbers, as texts."""
        blocks = (block.split(" =\n") for block in self.state.work.split("\n\n"))
        return {mlp.exchange.name_of(name): rows.split() for name, rows in blocks}

    def read_work(self, var):
        return np.array(self.work[var], dtype=float).reshape(np.shape(self.run[1][var]))

    @cached_property
    def off(self):
        """Which of their cells are not those of the pass: those that surely are not, and those that may not be."""
        found = {}
        for v, texts in self.work.items():
            unit = np.array([find_unit(text) for text in texts])
            gap = np.abs(self.read_work(v) - self.run[1][v]).ravel()
            size = np.abs(self.run[1][v]).max()
            found[v] = gap > 2 * unit + 1e-3 * size, gap > 0.4999 * unit
        return found

    def shape(self, symbol):
        return np.shape(self.run[1][self.by_symbol[symbol.rstrip("ᵀ")]])

    def lab_loss(self, lab):
        return float(lab.run()[1][mlp.loss])

    @cached_property
    def lab_differences(self):
        """Central differences of the laboratory's loss by every logit."""
        slope = np.zeros_like(self.lab.logits)
        for cell in np.ndindex(slope.shape):
            ends = []
            for h in (1e-6, -1e-6):
                logits = self.lab.logits.copy()
                logits[cell] += h
                ends.append(self.lab_loss(replace(self.lab, logits=logits)))
            slope[cell] = (ends[0] - ends[1]) / 2e-6
        return slope

    @cached_property
    def lab_gradient(self):
        return self.lab.conventions.lay.convert(dO, self.lab.run()[1][dO])


def random_state(seed):
    """A random set-up, or an example as it is or with a number changed; a random laboratory."""
    rng = random.Random(seed)
    conventions = Conventions(
        rng.choice(list(LAYOUTS)), rng.choice([None, *SCALES]), rng.choice([0.0, 0.5, 1.0]), rng.random() < 0.5
    )
    name = rng.choice(list(mlp.EXAMPLES))
    setup = replace(random_setup(rng), conventions=conventions)
    if seed % 3:
        setup = make_example_setup(name, conventions)
    if seed % 3 == 2:
        setup, _ = with_cells(setup, [(mlp.W(1), (0, 0), round(rng.uniform(-1, 1), 2))])
    lab = LABS[rng.choice(list(LABS))].lab
    return AppState(setup, name, lab=replace(lab, loss=SoftmaxHinge(margin=rng.choice([0.2, 0.5, 1.0]))))


def random_worlds(seed, every=False):
    """Every page, with one of its chapters, or all of them."""
    rng, state = random.Random(seed), random_state(seed)
    for page in PAGES:
        chapters = {DERIVE: CHAPTERS, HINGE: HINGE_CHAPTERS, MEMORY: MEMORY_CHAPTERS}.get(page, ("",))
        for chapter in chapters if every else [rng.choice(list(chapters))]:
            place = Place(chapter=chapter)
            if chapter == "transpose":
                place = place.with_choice("how", rng.choice(["by shapes", "by indices", "by outer products"]))
            fields = {
                DERIVE: {"place": place},
                HINGE: {"lab_place": place},
                MEMORY: {"memory": MemoryChoice(chapter=chapter, schedule=rng.choice(list(mlp.SCHEDULES)))}
                if page == MEMORY
                else {},
            }
            yield World(replace(state, **fields.get(page, {})), page)


# --- sentences that assert ---------------------------------------------------------------------------


def check_corner(w, name, share, flow):
    h = 1e-6
    f = mlp.ACTIVATIONS[name].f
    left, right = ((f(np.array([s * h]))[0] - f(np.zeros(1))[0]) / (s * h) for s in (-1, 1))
    assert name in w.setup.net.shape.activations
    assert float(share) == pytest.approx(left + w.setup.conventions.at_kink * (right - left), abs=1e-4)
    assert (flow == "nothing", flow == "everything") == (float(share) == 0, float(share) == 1)


def check_layout(w, examples, equation):
    assert w.run[1][mlp.Z(0)].shape[examples == "columns"] == w.setup.batch.N
    Z, W = w.run[1][mlp.Z(0)], w.run[1][mlp.W(1)]
    S = {"S = W Z + b": lambda: W @ Z, "S = Z W + b": lambda: Z @ W, "S = Z Wᵀ + b": lambda: Z @ W.T}[equation]()
    b = w.setup.net[1].b
    S = S + (0 if b is None else b[:, None] if examples == "columns" else b)
    np.testing.assert_allclose(S, w.run[1][mlp.S(1)], rtol=1e-9, atol=1e-9 * np.nanmax(np.abs(S)), equal_nan=True)


def check_lab_layout(w, examples):
    assert w.lab.run()[1][O].shape[examples == "columns"] == w.lab.N


def check_reduction(w, words, name):
    factors = {"sum": 1, "mean": 1 / 7, "half sum": 1 / 2, "half mean": 1 / 14}
    assert SCALES[name].factor(7) == factors[words]
    assert w.setup.conventions.scale == name


def check_tie(w, sign, _):
    assert (sign == ">=") == w.setup.conventions.at_tie
    assert w.page == HINGE or mlp.margin in w.setup.inputs()


def check_skips(w, count, cells, reason):
    assert int(count) > 0
    assert (cells == "cell") == (count == "1")
    if found := re.fullmatch(r"the input of (.+) is exactly 0", reason):
        zeros = [
            np.any(w.plain[mlp.S(n)] == 0) and layer.activation == found[1]
            for n, layer in enumerate(w.setup.net.layers, 1)
        ]
        assert any(zeros)


def check_gradient_formula(w, _=""):
    """The closed form of exercise 3, as the worksheet has it, against differences."""
    p, y, c = softmax(w.lab.logits), w.lab.labels, w.lab.conventions.loss(w.lab.loss).c.factor(w.lab.N)
    found = np.zeros_like(p)
    for j, n in np.ndindex(p.shape):
        for k in range(len(p)):
            gap = p[k, n] - p[y[n], n] + w.lab.loss.margin
            if k != y[n] and (gap > 0 or (gap == 0 and w.lab.conventions.at_tie)):
                found[j, n] += c * p[j, n] * ((j == k) - (j == y[n]) - p[k, n] + p[y[n], n])
    np.testing.assert_allclose(w.lab_gradient, found, atol=1e-12)


def check_differences(w, mark, error, compared, size, left_out):
    assert int(size) == w.lab.logits.size
    assert int(compared) <= int(size)
    if mark == "✓":
        assert int(compared) + int(left_out or 0) == int(size)
        np.testing.assert_allclose(w.lab_gradient, w.lab_differences, atol=1e-7)
    else:
        assert compared != size or not w.lab_gradient.any()


def check_margin_slope(w, total, each):
    ends = [w.lab_loss(replace(w.lab, loss=replace(w.lab.loss, margin=w.lab.loss.margin + h))) for h in (1e-7, -1e-7)]
    assert (ends[0] - ends[1]) / 2e-7 == pytest.approx(float(total), abs=1e-6)
    assert float(each) == pytest.approx(w.lab.conventions.loss(w.lab.loss).c.factor(w.lab.N))


def check_margin_jump(w, before, after):
    at = w.lab.loss.margin
    below, here, above = (
        w.lab_loss(replace(w.lab, loss=replace(w.lab.loss, margin=m))) for m in (at - 1e-7, at, at + 1e-7)
    )
    assert ((here - below) / 1e-7, (above - here) / 1e-7) == pytest.approx((float(before), float(after)), abs=1e-5)


def check_wish(w, _):
    """What the hinge wants is what its loss rewards: it is 0 exactly where the true class leads by the margin."""
    p, y, columns = softmax(w.lab.logits), w.lab.labels, np.arange(w.lab.N)
    others = np.where(np.eye(len(p))[:, y] > 0, -np.inf, p)
    leads = p[y, columns] - others.max(axis=0) - w.lab.loss.margin
    losses = [w.lab_loss(replace(w.lab, logits=w.lab.logits[:, [n]], targets=w.lab.targets[:, [n]])) for n in columns]
    assert [lost < 1e-12 for lost in losses] == [lead >= -1e-12 for lead in leads]


def check_descent(w, loss_name, step):
    loss = next(x for x in mlp.logits.list_class_losses(w.lab.loss.margin).values() if x.short == loss_name)
    view = w.state.lab_view
    common = replace(w.lab.conventions, scale=w.lab.conventions.scale or "1")
    path = descend(w.lab.logits, w.lab.targets, loss, view.rate, view.count, common).at
    leads = path[:, w.lab.labels[0], 0] - np.delete(path, w.lab.labels[0], axis=1)[:, :, 0].max(axis=1, initial=-1)
    wins = leads > 0
    assert (not wins[-1]) if step is None else (wins[int(step) :].all() and (step == "0" or not wins[int(step) - 1]))


def check_shapes(w, *numbers):
    a, b, c, d, e, f = map(int, numbers[:6])
    assert (b, a, d) == (c, e, f)
    assert (e, f) == w.shape(numbers[6])


def check_sum_index(w, letter, first, at_first, second, at_second):
    for symbol, place in ((first, at_first), (second, at_second)):
        axis = {"first": 0, "second": 1}[place]
        assert letter == "n"
        assert w.shape(symbol)[axis] == w.setup.batch.N


def check_transposes(w, listed):
    """The product with just these operands transposed is the gradient."""
    step = next(s for s in w.run[0] if s.out == mlp.dW(1))
    left, right = (w.run[1][v].T if v.symbol in (listed or "").split(" and ") else w.run[1][v] for v in step.operands)
    np.testing.assert_allclose(left @ right, w.run[1][mlp.dW(1)], rtol=1e-9, atol=1e-12, equal_nan=True)


def check_order(w, left, right):
    """An operand has an axis of the one kind that the result has at that place."""
    rows, columns = ("unit", "input")[:: -1 if w.setup.conventions.lay.transposes_weights else 1]
    has = {"δ_1": "unit", "Z_0": "input"}
    assert (has[left], has[right]) == (rows, columns)


def check_gap(w, places):
    p, y = softmax(w.lab.logits), w.lab.labels
    for k, n in re.findall(r"competing class (\d+) of example (\d+)", places):
        k, n = int(k) - 1, int(n) - 1
        assert p[k, n] - p[y[n], n] + w.lab.loss.margin == pytest.approx(0, abs=1e-9)


def check_pieces(w, count, made):
    if made.startswith("∂L/∂"):
        assert int(count) == w.setup.batch.N  # one an example
    else:
        assert int(count) == w.plain[mlp.S(1)].size  # one a cell


def check_jacobian(w, rows, columns, numbers, size, nonzero):
    rows, columns, numbers, nonzero = (int(x.replace(",", "")) for x in (rows, columns, numbers, nonzero))
    W, N = w.setup.net[1].W, w.setup.batch.N
    assert (rows, columns, numbers) == (W.shape[0] * N, W.size, rows * columns)
    assert nonzero == N * W.size  # each weight moves one unit in every example
    check_bytes(numbers, size)


def check_bytes(numbers, size):
    number, unit = size.split()
    factor = {"bytes": 1, "kB": 1e3, "MB": 1e6}[unit]
    assert float(number) * factor == pytest.approx(8 * numbers, abs=factor / 19 if factor > 1 else 0)


def check_written_instead(w, numbers, size):
    W, N = w.setup.net[1].W, w.setup.batch.N
    assert int(numbers.replace(",", "")) == W.shape[0] * N + W.size
    check_bytes(W.shape[0] * N + W.size, size)


def check_vec(w, way_in, way_out):
    """Units vary fastest: down the columns where a unit is a row."""
    lay = w.setup.conventions.lay
    ways = {False: "column by column", True: "row by row"}
    assert (way_in, way_out) == (ways[lay.transposes(mlp.dZ(1))], ways[lay.transposes(mlp.dW(1))])


def check_depth(w, depth, examples, title, reduction, _, square):
    loss = w.setup.conventions.loss(w.setup.loss)
    assert (int(depth), int(examples), title) == (w.setup.net.depth, w.setup.batch.N, loss.title)
    assert reduction.startswith("half") == loss.c.half
    if square:  # doubled by the derivative, halved by the constant
        steps = [w.plain[mlp.Z(w.setup.net.depth)] - w.plain[mlp.Y]]
        np.testing.assert_allclose(
            w.plain[mlp.dZ(w.setup.net.depth)], steps[0] / (w.setup.batch.N if loss.c.mean else 1), rtol=1e-9
        )


def check_rung(w, layer, where, gradients):
    net, layer = w.setup.net, int(layer)
    assert where == ("from the loss" if layer == net.depth else f"from δ of layer {layer + 1}")
    assert ("∂L/∂b" in gradients) == (net[layer].b is not None)
    delta, below = w.plain[mlp.delta(layer)], w.plain[mlp.Z(layer - 1)]
    np.testing.assert_allclose(w.plain[mlp.dW(layer)], delta @ below.T, rtol=1e-9, atol=1e-12, equal_nan=True)


def check_twice(w, twice, words, times):
    """The difference quotient of the loss by a weight of the last layer, over the batch and over the batch twice."""
    batch, last = w.setup.batch, mlp.W(w.setup.net.depth)
    both = replace(w.setup.without_penalty(), batch=mlp.Batch(np.tile(batch.X, 2), np.tile(batch.Y, 2)))
    axis = 0 if w.setup.conventions.lay.transposes_batches else 1
    masks = {v: np.concatenate([w.run[1][v]] * 2, axis=axis) for v in w.setup.net.shape.masks()}
    both = both.with_inputs(masks)
    assert int(twice) == both.batch.N == 2 * batch.N
    assert (words == "leaves") == (times is None)
    if times:
        assert SCALES[w.setup.conventions.loss(w.setup.loss).scale].mean is False
    quotients = []
    for setup in (w.setup.without_penalty(), both):
        moved = [with_cells(setup, [(last, (0, 0), float(setup.inputs()[last][0, 0]) + h)])[0] for h in (1e-5, -1e-5)]
        ends = [float(m.run()[1][mlp.loss]) for m in moved]
        quotients.append(ends[0] - ends[1])
    assert quotients[1] == pytest.approx(float(times or 1) * quotients[0], rel=1e-3, abs=1e-10, nan_ok=True)


def check_what_is_left(w):
    """The gradient without its constant is probability minus target, of softmax or of sigmoid."""
    Z, dZ = w.plain[mlp.Z(w.setup.net.depth)], w.plain[mlp.dZ(w.setup.net.depth)]
    P = softmax(Z) if w.setup.loss.one_hot else 1 / (1 + np.exp(-Z))
    c = w.setup.conventions.loss(w.setup.loss).c.factor(w.setup.batch.N, d=len(Z))
    np.testing.assert_allclose(dZ / c, P - w.plain[mlp.Y], rtol=1e-9, atol=1e-12)


def check_only_through(w, symbol, through):
    """Only one matrix is computed from it directly, and only its own layer's."""
    readers = [s.out for s in w.run[0] if s.phase in ("forward", "loss") and mlp.W(1) in s.operands]
    assert set(readers) == {mlp.S(1)}
    assert (symbol[:3], through) == ("W_1", "Z_1")


def check_reads(w, unit, _):
    """A weight of unit i moves row i of Z_1 and nothing else of it."""
    moved, _ = with_cells(w.setup, [(mlp.W(1), (0, 0), float(w.run[1][mlp.W(1)][0, 0]) + 0.3)])
    after = moved.conventions.lay.convert(mlp.Z(1), moved.run()[1][mlp.Z(1)])
    assert np.array_equal(after[1:], w.plain[mlp.Z(1)][1:], equal_nan=True)


def check_meets(w, kind, first, second):
    row = "Column" if w.setup.conventions.lay.transposes_batches else "Row"
    assert kind == row
    assert first == "δ_1"
    total = np.einsum("n,n", w.plain[mlp.delta(1)][0], w.plain[mlp.Z(0)][0])
    assert w.plain[mlp.dW(1)][0, 0] == pytest.approx(total, rel=1e-9, abs=1e-12, nan_ok=True)


def count(w):
    schedule, loss = w.state.memory.schedule, w.setup.loss
    return mlp.count_pass(w.setup.net.shape, w.setup.batch.N, loss, schedule, conventions=w.setup.conventions)


def check_in_place(w, listed):
    pairs = re.findall(r"(\S+(?: \S+)?) over (\S+) \(step (\d+)\)", listed)
    assert pairs
    for new, old, step in pairs:
        made = count(w).steps[int(step) - 1]
        assert made.out.symbol == new.removeprefix(", ")
        assert old in [v.symbol for v in made.operands if v in made.frees]


def check_blocks(w, blocks, between):
    N = w.setup.batch.N
    sizes = [len(piece) for piece in np.split(np.arange(N), range(math.ceil(math.sqrt(N)), N, math.ceil(math.sqrt(N))))]
    assert [int(blocks), int(between)] == [len(sizes), len(sizes) - 3]
    assert set(sizes[2:-1]) == {sizes[1]}


def check_unlike(w):
    layers = w.setup.net.layers
    taken = (layers[0].activation,) * (len(layers) - 1) + ("identity",)
    mixed = len({layer.b is None for layer in layers}) > 1
    assert mixed or w.setup.net.shape.masked or tuple(layer.activation for layer in layers) != taken


def check_total(w, total, rest):
    inputs = w.setup.batch.X.size + w.setup.batch.Y.size
    parameters = sum(layer.W.size + (0 if layer.b is None else layer.b.size) for layer in w.setup.net.layers)
    masks = sum(np.size(w.run[1][mask]) for mask in w.setup.net.shape.masks())
    assert int(total.replace(",", "")) == count(w).peak + 8 * (inputs + parameters + masks)


def check_schedule(w, name, why):
    assert name == w.state.memory.schedule
    steps = w.setup.run(name)[0]
    if "Nothing is computed twice" in why or "Every matrix stays" in why:
        assert not any(s.recompute for s in steps)


def check_counterexample(w, name, a, b, value, at_a, at_b):
    a, b, value, at_a, at_b = map(float, (a, b, value, at_a, at_b))
    f, h = mlp.ACTIVATIONS[name].f, 1e-6
    assert f(np.array([a, b])) == pytest.approx([value, value], rel=5e-3)
    slopes = [(f(np.array([x + h])) - f(np.array([x - h])))[0] / (2 * h) for x in (a, b)]
    kinked = [abs(x) < h for x in (a, b)]
    assert all(k or s == pytest.approx(t, rel=5e-3, abs=1e-3) for k, s, t in zip(kinked, slopes, (at_a, at_b)))
    assert abs(at_a - at_b) > 1e-3


def check_sufficient(w, name):
    """Where the output determines the derivative, no two of many inputs have one output and two derivatives."""
    f, S = mlp.ACTIVATIONS[name].at_kink(w.setup.conventions.at_kink), np.linspace(-6, 6, 801)
    Z, slope = np.round(f.f(S), 9), np.ones_like(S) if f.derivative is None else f.derivative(S)
    for value in np.unique(Z)[::7]:
        assert np.ptp(slope[value == Z]) < 1e-5


def check_training(w, title, N):
    assert title == w.setup.conventions.loss(w.setup.loss).title
    assert int(N) == w.setup.batch.N


def check_masks(w):
    course = mlp.train(w.setup, steps=2, redraw=True)
    values = course.trace(1)[1]
    assert course.losses[1] == pytest.approx(float(values[mlp.loss]), rel=1e-9)
    for v in w.setup.net.shape.masks():
        dropout = w.setup.net[v.layer].dropout
        drawn = mlp.Dropout(dropout.keep, dropout.seed + 1).draw(v.layer, w.setup.net.widths[v.layer], w.setup.batch.N)
        np.testing.assert_array_equal(w.setup.conventions.lay.convert(v, values[v]), drawn.astype(w.setup.net.dtype))
    whole = replace(w.setup, net=w.setup.net.without_dropout())
    output = whole.conventions.lay.convert(mlp.Z(0), whole.run()[1][mlp.Z(w.setup.net.depth)])
    np.testing.assert_array_equal(w.setup.net.predict(w.setup.batch.X), output)


def check_begin(w):
    for optimiser in mlp.OPTIMISERS.values():
        start = mlp.train(w.setup, steps=0, optimiser=optimiser()).at(0)
        assert all(np.array_equal(a.W, b.W) for a, b in zip(start.net.layers, w.setup.net.layers, strict=True))


def check_named_network(w, title):
    example = mlp.EXAMPLES[w.state.example]
    assert title in (None, example.title)
    shared = [np.array_equal(a.W, b.W) for a, b in zip(w.setup.net.layers, example.net.layers)]
    assert any(shared) == (title is not None)


def check_class_count(w, wanted, found):
    assert (wanted, int(found)) == ("3", len(w.lab.logits))


def check_true_class(w, label, example="1"):
    assert int(label) == w.lab.labels[int(example) - 1] + 1


def check_present_logit(w, value, outside):
    assert float(value.replace("−", "-")) == pytest.approx(
        w.lab.logits[0, 0], abs=0.005 * max(1, abs(w.lab.logits[0, 0]))
    )


def check_confident(w):
    """Somewhere on the way a competing class has that probability."""
    swept = np.repeat(w.lab.logits[:, [0]], 4001, axis=1)
    swept[0] = np.linspace(-60, 60, 4001)
    assert (np.delete(softmax(swept), w.lab.labels[0], axis=0).max(axis=0) >= CONFIDENT).any()


def check_products(w, first, second, made):
    assert w.shape(first)[-1] == w.shape(second)[0] or "ᵀ" in first + second


def check_peak(w, step):
    counted = count(w)
    assert counted.at_peak == int(step) - 1
    assert counted.live[int(step) - 1] == max(counted.live)


def count_peaks(w):
    """Peaks and matmul FLOPs of every schedule that is counted at once, by name."""
    shape, N = w.setup.net.shape, w.setup.batch.N
    names = [n for n, s in mlp.SCHEDULES.items() if shape.depth <= 8 or not s.planned]
    counted = {}
    for name in names:
        with contextlib.suppress(ValueError):
            counted[name] = mlp.count_pass(shape, N, w.setup.loss, name, conventions=w.setup.conventions)
    return {name: (c.peak, sum(c.flops)) for name, c in counted.items()}


def check_trade(w, listed):
    peaks = count_peaks(w)
    base = peaks["cache S and Z"]
    found = re.findall(r"([^,(]+) (\S+) \((\S+) × the matmul FLOPs\)", listed)
    assert len(found) == 3
    for name, share, times in found:
        peak, flops = peaks[name.strip()]
        assert (share, times) == (f"{peak / base[0]:.2f}", f"{flops / base[1]:.2f}")


def check_equal_peaks(w, equal, total):
    peaks = [peak for peak, _ in count_peaks(w).values()]
    assert (int(equal), int(total)) == (peaks.count(peaks[0]), len(peaks))


def check_recomputed(w, cells):
    steps = w.setup.run(w.state.memory.schedule)[0]
    assert int(cells.replace(",", "")) == sum(
        np.size(w.run[1][s.out]) for s in steps if s.recompute and s.out.kind == "Z"
    )


# Remarks of the examples: each recomputed from what it says.
def check_two_zeros(w):
    for var in (mlp.Z(1), mlp.delta(1)):
        assert (w.plain[var][:, 2] != 0).tolist() == [False, False, True]


def check_xor(w, word, _):
    active = w.plain[mlp.S(1)][1] > 0
    assert active.tolist() == (w.plain[mlp.Z(0)].min(axis=0) == 1).tolist()


def check_dropped(w):
    dropped = w.plain[mlp.mask(1)] == 0
    for var in (mlp.Z(1), mlp.delta(1)):
        assert ((w.plain[var] == 0) == dropped).all()


def check_inverted(w):
    """What is kept is what a layer without a mask gives, forwards and backwards, divided by the keep probability."""
    kept, f, S = w.plain[mlp.mask(1)] != 0, w.setup.net[1].f, w.plain[mlp.S(1)]
    keep = w.setup.net[1].dropout.keep
    np.testing.assert_allclose(w.plain[mlp.Z(1)][kept], f.f(S)[kept] / keep)
    back = w.plain[mlp.W(2)].T @ w.plain[mlp.delta(2)] * f.derivative(S) / keep
    np.testing.assert_allclose(w.plain[mlp.delta(1)][kept], back[kept])


def check_misclassified(w):
    p, y, dZ = 1 / (1 + np.exp(-w.plain[mlp.Z(2)])), w.plain[mlp.Y], w.plain[mlp.dZ(2)]
    assert abs(p - y)[0, 0] > 0.95
    assert np.abs(dZ).argmax() == 0
    np.testing.assert_allclose(dZ, (p - y) / w.setup.batch.N)


def check_hardly_learns(w):
    p = 1 / (1 + np.exp(-w.plain[mlp.Z(2)]))[0, 0]
    assert p * (1 - p) < 0.01


def check_published(w):
    assert round(float(w.run[1][mlp.loss]), 6) == 0.298371
    assert round(float(w.plain[mlp.after(mlp.W(2))][0, 0]), 6) == 0.358916


def check_dead(w, kind, *_):
    assert (w.plain[mlp.S(1)][1] < 0).all()
    assert not w.plain[mlp.dW(1)][1].any()
    assert kind == ("Column" if w.setup.conventions.lay.transposes(mlp.S(1)) else "Row")


def check_saturated(w, kind, _):
    S = w.plain[mlp.S(1)][0]
    assert (S > 5).all()
    assert (np.exp(-S) / (1 + np.exp(-S)) ** 2 < 0.01).all()


def check_symmetric(w, *_):
    for x in (w.plain[mlp.W(1)], w.plain[mlp.W(2)].T, w.plain[mlp.dW(1)]):
        assert np.ptp(x, axis=0).max() == 0


def check_classes(w, kind):
    dZ = w.plain[mlp.dZ(2)]
    np.testing.assert_allclose(dZ, (softmax(w.plain[mlp.Z(2)]) - w.plain[mlp.Y]) / w.setup.batch.N, atol=1e-12)
    assert np.abs(dZ.sum(axis=0)).max() < 1e-12
    assert kind == ("row" if w.setup.conventions.lay.transposes(mlp.dZ(2)) else "column")


def check_first_wrong(w, symbol):
    before = list(w.off)[: list(w.off).index(w.by_symbol[symbol])]
    assert w.off[w.by_symbol[symbol]][1].any()
    assert not any(w.off[v][0].any() for v in before)


def check_follows(w, listed):
    """They differ from the pass, and are what the earlier numbers of the text give, as far as its digits say."""
    for symbol in listed.split(", "):
        var = w.by_symbol[symbol]
        step = next(s for s in w.run[0] if s.out == var)
        own = [w.read_work(v) if v in w.work else w.run[1][v] for v in step.operands]
        spread = 1e-4 * sum(np.abs(x).sum() + np.size(x) for x in own)
        assert w.off[var][1].any()
        np.testing.assert_allclose(step.op(*own), w.read_work(var), atol=spread)


def check_verdict(w, symbol, word, mark, count, total):
    surely, perhaps = w.off[w.by_symbol[symbol]]
    assert word == w.by_symbol[symbol].word
    if mark == "✓":
        assert not surely.any()
    else:
        assert 1 <= int(count or 1) <= perhaps.sum()
        assert int(total or 1) == surely.size


def check_right_cells(w, right, total):
    surely, perhaps = (np.concatenate(found) for found in zip(*w.off.values(), strict=True))
    assert surely.sum() <= int(total) - int(right) <= perhaps.sum()
    assert int(total) == surely.size


def check_constant(w, scale):
    values = replace(w.setup, conventions=replace(w.setup.conventions, scale=scale)).run()[1]
    for var in w.work:
        np.testing.assert_allclose(w.read_work(var), values[var], atol=1e-4)


def check_mistake(w, name, sentence):
    """The pass with the mistake in it gives the first matrix that is wrong."""
    mistake, lay = mlp.MISTAKES[name], w.setup.conventions.lay
    plain = replace(w.setup, conventions=replace(w.setup.conventions, layout="columns"))
    values = evaluate(mistake.rewrite(plain.run()[0]), plain.inputs())
    var = next(v for v, (_, perhaps) in w.off.items() if perhaps.any())
    np.testing.assert_allclose(lay.convert(var, values[var]), w.read_work(var), atol=1e-4)
    assert sentence == mistake.sentence


def _assert(holds):
    assert holds


N = r"(-?[\d.]+(?:e[-+]?\d+)?)"
#: The first two words of what is written about each schedule.
BEGINNINGS = "|".join(re.escape(" ".join(s.why.split()[:2]).rstrip(",;:")) for s in mlp.SCHEDULES.values())
CLAIMS = {
    # the foot of a page
    r"([\w ]+)'\(0\) = ([\d.]+): at a preactivation of exactly 0, (.+) flows back\.": check_corner,
    r"A (?:competing )?class is active where its gap is (>=|>) 0[:;] (.+)": check_tie,
    r"The strongest competing class is active where its gap is (>=|>) 0, and classes that tie for it share: (.+)": check_tie,
    r"Reduction of every loss: ([a-z ]+) \((\S+)\)(?:\.| \(see Losses compared, or Conventions\)\.)": check_reduction,
    r"Examples are (columns|rows)[^:]*: (S = .+)\.": check_layout,
    r"Examples are (columns|rows)(?:[^:]*)\.": check_lab_layout,
    # overview and step through
    r"(\d+) (cells?) not checked: (.+)": check_skips,
    r"Your network(?:, begun from “(.+)”)?\.": check_named_network,
    r"Example 3 reaches only unit 3: two zeros in Z_1 become two zeros in δ_1\.": check_two_zeros,
    r"Unit 2 is active only for input \(1, 1\): compare (row|column) 2 of Z_1 with (row|column) 2 of δ_1\.": check_xor,
    r"Loss 0\.298371, and 0\.40 becomes 0\.358916, as published\.": check_published,
    r"The publication keeps the biases fixed; here they learn\.": lambda w: _assert(
        not np.array_equal(w.plain[mlp.after(mlp.b(1))], w.plain[mlp.b(1)])
    ),
    r"(Row|Column) 2 of S_1 is negative: (\w+) 2 of δ_1 and (\w+) 2 of ∂L/∂W_1 are zero, and stay so while the "
    r"inputs stay the same\.": check_dead,
    r"(Row|Column) 1 of S_1 is above 5, where sigmoid' is below 0\.01: compare (\w+) 1 of ∂L/∂Z_1 with \w+ 1 of δ_1\.":
        check_saturated,
    r"The units of layer 1 are equal \((\w+) of W_1, entries of b_1, (\w+) of W_2\), so all \w+ of ∂L/∂W_1 are equal, "
    r"and after the step those of W_1 still are\.": check_symmetric,
    r"∂L/∂Z_2 is \(P − Y\)/N: every (column|row) sums to zero, and only the true class is negative\.": check_classes,
    r"Where the mask M_1 is 0, Z_1 is 0 and so is δ_1: from that example the unit learns nothing\.": check_dropped,
    r"What is kept is divided by the keep probability, forwards and backwards\.": check_inverted,
    r"Example 1 is misclassified with p > 0\.95, and its ∂L/∂Z_2 = \(P − Y\)/N is the largest\.": check_misclassified,
    r"Squared error of σ\(Z_2\) would multiply P − Y by p\(1 − p\), which is below 0\.01: it would hardly learn\.":
        check_hardly_learns,
    r"Sixteen examples at once: ∂L/∂W_3 sums sixteen products in every cell\.": lambda w: _assert(w.setup.batch.N == 16),
    # derivation
    r"The loss depends on (\S+(?: \S+\])?) only through (\w+): every cell of \w+ contributes its own derivative, and all "
    r"are added\.": check_only_through,
    r"W_1\[\w, \w\] is read by unit (\w) of Z_1 only, so all else is 0; there it meets input (\w) of each example\.":
        check_reads,
    r"(Row|Column) i of (\S+) meets (?:row|column) j of (Z_0)\.": check_meets,
    r"A product of matrices takes rows times columns, so one (row|column) must be turned into a (?:row|column): this is the "
    r"transpose\.": lambda w, turned: _assert((turned == "column") == w.setup.conventions.lay.transposes_batches),
    r"(\d+)×(\d+) times (\d+)×(\d+) makes (\d+)×(\d+), as (\S+) needs; the size they share counts the examples in both\.":
        check_shapes,
    r"(\d+) pieces?: whichever way it is cut, they add up to (.+)\.": check_pieces,
    r"(?:Row|Column) \{\w\} of (\S+) (?:meets column|times row) \{\w\} of (\S+): (one number|a matrix of rank at most one)\.":
        check_products,
    r"depth (\d+), (\d+) examples?; (.+), reduction: ([a-z ]+) \((.+)\)\.(?: (The factor 2 cancels 1/2)\.)?": check_depth,
    r"The factor 2 cancels 1/2\.": lambda w: _assert(w.setup.conventions.loss(w.setup.loss).c.half),
    r"Every example twice \(N = (\d+)\) (leaves|makes) ∂L/∂W_\d (?:as it is|(\S+) times as large)\.": check_twice,
    r"The targets of an example sum to 1\.": lambda w: np.testing.assert_allclose(w.plain[mlp.Y].sum(axis=0), 1, atol=1e-6),
    r"What is left: probability minus target\.": check_what_is_left,
    r"Layer (\d+): δ (from .+); with it (.+) (?:is|are) one matrix product(?: each)?\.": check_rung,
    r"J has ([\d,]+) × ([\d,]+) = ([\d,]+) numbers \((.+)\), of which ([\d,]+) can differ from 0\.": check_jacobian,
    r"Backpropagation writes down ([\d,]+) instead \((.+)\): δ_1 and ∂L/∂W_1\.": check_written_instead,
    r"vec writes a matrix as one column: ∂L/∂Z_1 ([\w ]+), ∂L/∂W_1 ([\w ]+)\.": check_vec,
    r"Drawn up to ([\d,]+) numbers; take fewer units or examples to see it\.": lambda w, most: _assert(
        w.setup.net[1].W.size * w.setup.net[1].W.shape[0] * w.setup.batch.N > int(most.replace(",", ""))
    ),
    r"The sum runs over (\w), which stands in (\S+) as its (\w+) index and in (\S+) as its (\w+) index\.": check_sum_index,
    r"A product of matrices sums over the last index of the left one and the first of the right one(?:, so (.+) must be "
    r"transposed|: they stand right as they are)\.": check_transposes,
    r"The order: \w, the row of the result, comes from \S+, so (\S+) stands left; \w, its column, comes from \S+, so (\S+) "
    r"stands right\.": check_order,
    # hinge loss
    r"Kink:\]? the gap of (.+) is exactly 0\.": check_gap,
    r"What the loss wants: (the true class is to have at least m more probability than each competing class)\.": check_wish,
    r"Exercise 3 \(i\): (the true class is to have at least m more probability than each competing class)\.": check_wish,
    r"✓ closed form = backward pass \((\S+)\)\]?": check_gradient_formula,
    r"(✓|–) backward pass = central differences \((?:(\S+), )?(\d+) of (\d+) logits compared"
    r"(?:; (\d+) not probed, to save time)?\)\]?": check_differences,
    r"not compared at (\d+) logits, which move a gap across 0: .+": lambda w, n: _assert(int(n) <= w.lab.logits.size),
    r"(\d+) logits not compared: (?:below rounding|out of range)": lambda w, n: _assert(int(n) <= w.lab.logits.size),
    r"One class has no competing class: the sum over l ≠ y is empty, so loss and gradient are 0\.": lambda w: _assert(
        len(w.lab.logits) == 1 and w.lab_loss(w.lab) == 0 and not w.lab_gradient.any()
    ),
    rf"Between kinks dℒ/dm = {N}: {N} for every active competing class\.": check_margin_slope,
    rf"The derivative dℒ/dm jumps from {N} to {N} here\.": check_margin_jump,
    r"A gap of exactly 0 (counts|does not count) as active \(see Conventions\): .+": lambda w, word: _assert(
        (word == "counts") == w.setup.conventions.at_tie
    ),
    rf"The same logits and labels, m = {N}, one scale for all\.": lambda w, m: _assert(float(m) == w.lab.loss.margin),
    r"This view needs exactly (\d) classes; you have (\d+)\.": check_class_count,
    r"p of the true class \(class (\d+), example (\d+)\)": check_true_class,
    r"class (\d+) \(true\)": check_true_class,
    r"Dots: the examples of class (\d+), by number\.": check_true_class,
    r"(.+): right from step (\d+)": check_descent,
    r"(.+): still wrong": lambda w, name: check_descent(w, name, None),
    r"now (\S+?)(, outside)?": check_present_logit,
    r"confidently misclassified": check_confident,
    rf"m = {N}": lambda w, m: _assert(float(m) == pytest.approx(w.lab.loss.margin, abs=0.005)),
    r"Hatched corners: confidently misclassified \(a wrong class has p ≥ (.+)\)\.": lambda w, p: _assert(float(p) == CONFIDENT),
    # memory and speed
    r"Written in place, in no bytes of their own: (.+)\.": check_in_place,
    rf"([^:]+): ((?:{BEGINNINGS}).+)":
        check_schedule,
    r"Yes\. ([\d,]+) bytes are needed in total: (.+) of it\.": check_total,
    r"peak .+ at step (\d+): .+": check_peak,
    r"Peak bytes relative to cache S and Z: (.+)\.": check_trade,
    r"(\d+) of (\d+) schedules have the same peak at this size\.": check_equal_peaks,
    r"(\S.*): S = (\S+) and S = (\S+) both give Z = (\S+), but the derivative is (\S+) at one and (\S+) at the other\.":
        check_counterexample,
    r"(\S.*): the output determines the derivative\.": check_sufficient,
    r"What is recomputed here is f\(S\), ([\d,]+) cells of it and no product: .+": check_recomputed,
    r"(\d+) micro-batches: the first two and the last are drawn, (\d+) between them left out \(as large as the second\)\.":
        check_blocks,
    r"Counted with hidden layers like the first, identity in the last layer and no dropout, unlike your network\.": check_unlike,
    r"Nothing is computed twice\.": lambda w: _assert(not any(s.recompute for s in count(w).steps)),
    # check
    r"✗\] First wrong: (\S+)": check_first_wrong,
    r"(.+): right given your own earlier numbers, so not wrong a second time\.": check_follows,
    r"(\S+) ([\w ]+) (✓|✗|↳) (?:(\d+) of (\d+) cells )?(?:right|wrong|right given yours)\]?": check_verdict,
    r"(\d+) of (\d+) cells are right\.": check_right_cells,
    rf"({'|'.join(map(re.escape, mlp.MISTAKES))}) · (.+)": check_mistake,
    r"It would change (\S+) too, but your \1 is without it\.": lambda w, symbol: _assert(
        not w.off[w.by_symbol[symbol]][0].any()
    ),
    r"Written in the worksheet's layout: examples are columns\.": lambda w: _assert(
        w.setup.conventions.layout != "columns"
    ),
    r"Right, as your course writes it: with the constant (\S+) in front of the loss, all matrices are right\.":
        check_constant,
    # training
    r"(.+), over all examples; the whole batch of (\d+) at every step\.": check_training,
    r"All optimisers begin at the present network\.": check_begin,
    r"Softmax couples the units of an example: its δ stands in Last layer to first\.":
        lambda w: _assert("softmax" in w.setup.net.shape.activations and CHAPTERS["ladder"][0] == "Last layer to first"),
    r"Every step draws new dropout masks, from their seed plus its number, and its loss is that under them; .+":
        check_masks,
}  # fmt: skip

# ruff: noqa: E501
#: What asserts nothing of the numbers: labels, instructions, definitions, and lines that carry a check of their own.
PLAIN = re.compile(
    "|".join(
        (
            "zero", "", "central differences(?: by S_1)?", "the first line(?:, cell by cell)?", "the matrix of the pass",
            "the backward pass", r"\S+(?: − b_\d)?(?:, all added)?", "S.Z, all added",
            r"⟨A, B⟩_F: .+", r"p = softmax\(o\)", "G: gap .+", "A: 1 where .+", "m: margin\\.", "⊙: .+", "e_i: .+",
            "𝟙_N: N ones", "A_[i·]·?: row i", "A_·j: column j", "f': the derivative of the activation", "δ_l = ∂L/∂S_l\\.",
            "Only unit i is left of the sum over units; the sum over the examples stays\\.",
            "The same for (?:all i and j|every cell) at once\\.", "All gradients of layer 1 contain this matrix, so it gets a name\\.",
            "It is ∂L/∂S_1: how the loss moves with each preactivation\\.", "With the name, the equation is short\\.",

            # lines of Derivative of the loss: each carries a check of its own
            "the pass(?:, cell by cell|, from the logits)?", "the line before", "the chain rule", "1",
            r"(?:(?:[opy]: example n of \S+?|1_k\^j: 1 where k = j, else 0|⊙: cell by cell)(?: · |\.$))+", "The losses of all examples in one number\\.", "The loss of (?:an example|each cell): .+",
            "The (?:chain|quotient) rule.+", "The derivative of .+", "Each logarithm by itself\\.", "As one fraction\\.",
            "Both derivatives put in.+", "p_k cancels against 1/p_k\\.", "σ' cancels\\.", "The indicator leaves the term k = j; .+",
            "Every term of the sum has this weight\\.", "The constant enters here, and nowhere else\\.",
            "The same for all j and n at once: .+", "Exponentials divided by their sum are probabilities\\.",
            "A step of the backward pass: the derivative of the loss by \\S+\\.",
            "The same sum where examples are columns, and where they are rows \\(Conventions\\)\\.",
            "Exercise 3 \\(ii\\): for logit j, .+", "Only active competing classes contribute: .+",
            "Softmax divides by a sum over all classes, .+", "The backward pass goes through dL/dP .+",
            "p_k \\(1 − p_k\\) on the diagonal, .+", "A logit moves every probability, .+",
            "Rows and columns of the Jacobian sum to 0: .+", "Ticks mark kinks: .+", "the (?:true class|logit of).+",
            "Drag one, or click where example \\d+ is to go\\.", "Stronger colour: larger loss\\.", "Arrows: .+", "Solid lines: kinks\\.",

            "class \\d+", "loss L.*", "‖∂L/∂[Oo]‖.*", "∂L/∂o .+", "o .+: logit of class \\d+, example \\d+", "margin m",
            "p y : probability of the true class(?: ?marks on one another are set side by side)?", "cosine to cross-entropy \\(undefined for a zero gradient\\)",
            "step of (?:the pass|gradient descent on the logits)",
            "Bytes are counted from the list of steps: .+", "1 kB = 1000 B\\.", "Yes\\.",
            "Counted, not yet measured at this size\\.", "Hollow: .+", "A cell-by-cell function, .+", "So S is stored\\.",
            "Lines are counted, .+", "Left: .+", "Right: .+", "S need not be stored\\.", "f' over Z\\.",
            "yours: [^§]+", "If your course does not write it so, it is a mistake:", "These give your numbers alike, and cannot be told apart on this network:",
            "peak bytes.*", "matmul FLOPs.*", "layers|units|examples", "f' = .+", "S|f'|Z = f\\(S\\)|f", "time|loss|steps taken",
            "Loss over the steps of training", "They are compared with the network of the other pages .+",
            "Gradients of parameters are most of the peak, .+", "Found by .+", "This one takes .+",
            "Reductions?: .+", "Click a matrix name .+", "Assignment 1, exercise 2\\.", "Matt Mazur.*", "Srivastava.*", "Goodfellow.*",
            "(?:hinge loss on probabilities|cross-entropy|Weston-Watkins|Crammer-Singer|squared hinge|one-vs-rest)",
        )
    )
)  # fmt: skip


def check_sentence(world, sentence):
    if any(sentence == name for name in mlp.SCHEDULES):
        return
    for pattern, checker in CLAIMS.items():
        if found := re.fullmatch(pattern, sentence):
            with np.errstate(all="ignore"):
                checker(world, *found.groups())
            return
    assert PLAIN.fullmatch(sentence), f"no checker knows on {world.page}: {sentence}"


def crawl(seed, every=False):
    checked = 0
    for world in random_worlds(seed, every):
        link = saved.build_keep_payload(world.state)["link"]
        app = visit(**({"s": link} if link else {}))
        if world.page != "app.py":
            app.switch_page(world.page).run()
        if world.page == CHECK:
            next(b for b in app.button if b.label == "Show an example with a mistake").click().run()
            world = replace(world, state=app.session_state["state"])
            assert world.work
        assert not app.exception, (world.page, app.exception)
        for text in list_page_texts(app):
            for sentence in split_sentences(text):
                check_sentence(world, sentence)
                checked += 1
    assert checked > 50


@pytest.mark.parametrize("seed", range(3))
def test_every_sentence_of_every_page_holds(seed):
    crawl(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 130))
def test_every_sentence_of_every_chapter_holds(seed):
    crawl(seed, every=True)


def test_a_sentence_that_is_false_or_unknown_fails():
    world = World(AppState(make_example_setup("worksheet", Conventions()), "worksheet"), "app.py")
    check_sentence(world, "relu'(0) = 0: at a preactivation of exactly 0, nothing flows back.")
    check_sentence(world, "Example 3 reaches only unit 3: two zeros in Z_1 become two zeros in δ_1.")
    for wrong in (
        "relu'(0) = 1: at a preactivation of exactly 0, everything flows back.",
        "Examples are rows: S = Z W + b.",
        "Reduction of every loss: mean (1/N).",
        "Your network.",
        "Every unit of this network is dead.",
    ):
        with pytest.raises(AssertionError):
            check_sentence(world, wrong)


@pytest.mark.parametrize("seed", range(12))
def test_a_network_is_named_as_what_it_is(seed):
    rng = random.Random(seed)
    name = rng.choice(list(mlp.EXAMPLES))
    example = mlp.EXAMPLES[name]
    other = random_state(3 * seed).setup  # all of its weights are its own: it was begun nowhere
    assert describe_network(AppState(other, name)).startswith("Your network.")
    edited = replace(example.setup, rate=example.setup.rate + 1)
    assert describe_network(AppState(edited, name)).startswith(f"Your network, begun from “{example.title}”.")
    as_shipped = AppState(make_example_setup(name, other.conventions), name)
    assert not describe_network(as_shipped).startswith("Your network")


#: What no text may hold, whatever the state: each was misread or false.
FORMER = re.compile(
    r"of rank one|Layers count from|as on the worksheet|one product away|turned round|no sum to write|\bslope|\brival"
    r"|that are 0|taken .* times|computed anew|\bso far\b|cuts digits|one-vs-all|blocks of|confidently wrong|W kept"
    r"|carries the constant|no winner|\btie\b"
)


@pytest.mark.parametrize("chapter", list(CHAPTERS))
def test_no_chapter_has_a_text_that_was_misread(chapter):
    with np.errstate(all="ignore"):
        sent = build_derivation_payload(random_state(0).setup, Place(chapter=chapter))
    texts = list(list_texts(sent)) + [m["text"] + m["word"] for m in sent["matrices"].values()]
    assert [text for text in texts if FORMER.search(text)] == []

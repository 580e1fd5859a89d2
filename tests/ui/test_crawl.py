"""Every page and chapter over random set-ups, layouts and losses: no sentence that a recomputation refutes.

A sentence of the foot line or of a remark that no checker here knows fails, so that none is added without one.
"""

import random
import re
from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.passes.conventions import LAYOUTS, SCALES, Conventions
from pages.ui.components.stage.chapters import CHAPTERS, build_derivation_payload
from pages.ui.state.app_state import AppState, make_example_setup
from pages.ui.state.place import Place
from pages.ui.widgets.stages import describe_network
from tests.js.write_fixtures import random_setup


def _check_corner(setup, name, share, flow):
    f = mlp.ACTIVATIONS[name].at_kink(setup.conventions.at_kink)
    assert name in setup.net.shape.activations
    assert float(f.derivative(np.zeros(1))[0]) == pytest.approx(float(share))
    assert (flow == "nothing") == (float(share) == 0)
    assert (flow == "everything") == (float(share) == 1)


def _check_layout(setup, examples, equation):
    _, values = setup.run()
    assert values[mlp.Z(0)].shape[0 if examples == "rows" else 1] == setup.batch.N
    assert equation == setup.conventions.lay.equation


#: Pattern of a sentence -> its recomputation.
FOOT = {
    r"([a-z ]+)'\(0\) = ([\d.]+): at a preactivation of exactly 0 (.+) flows back\.": _check_corner,
    r"A competing class is active where its gap is (>=|>) 0: .+": lambda setup, sign: _assert(
        (sign == ">=") == setup.conventions.at_tie and hasattr(setup.loss, "at_tie")
    ),
    r"Reduction of every loss: (.+) \((.+)\)\.": lambda setup, words, c: _assert(
        setup.conventions.loss(setup.loss).c.name == c
        and ("half" in words, "mean" in words) == (c in ("1/2", "1/(2N)"), "N" in c)
    ),
    r"Examples are (columns|rows).*: (S = .+)\.": _check_layout,
}


def _assert(holds):
    assert holds


def _check(setup, sentence):
    for pattern, checker in FOOT.items():
        if found := re.fullmatch(pattern, sentence):
            checker(setup, *found.groups())
            return
    pytest.fail(f"no checker knows: {sentence}")


def _random(seed):
    rng = random.Random(seed)
    conventions = Conventions(
        rng.choice(list(LAYOUTS)), rng.choice([None, *SCALES]), rng.choice([0.0, 0.5, 1.0]), rng.random() < 0.5
    )
    return replace(random_setup(rng), conventions=conventions)


@pytest.mark.parametrize("seed", range(12))
def test_every_sentence_of_the_foot_line_is_computed(seed):
    setup = _random(seed)
    for sentence in setup.conventions.sentences(setup.net.shape.activations, hinge=mlp.margin in setup.inputs()):
        _check(setup, sentence)


@pytest.mark.parametrize("seed", range(12))
def test_a_network_is_named_as_what_it_is(seed):
    rng = random.Random(seed)
    name = rng.choice(list(mlp.EXAMPLES))
    example = mlp.EXAMPLES[name]
    other = _random(seed)  # all of its weights are its own: it was begun nowhere
    assert describe_network(AppState(other, name)).startswith("Your network.")
    edited = replace(example.setup, rate=example.setup.rate + 1)
    assert describe_network(AppState(edited, name)).startswith(f"Your network, begun from “{example.title}”.")
    as_shipped = AppState(make_example_setup(name, _random(seed).conventions), name)
    assert not describe_network(as_shipped).startswith("Your network")


#: What a text may not claim, whatever the state: each was seen false.
FALSE = re.compile(
    r"of rank one|Layers count from|as on the worksheet|one product away|turned round|no sum to write|\bslope|\brival"
    r"|that are 0|taken .* times|computed anew|\bso far\b|cuts digits"
)


def _texts(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("why", "says", "spoken", "word", "text", "legend", "note", "mark") and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


@pytest.mark.parametrize("chapter", list(CHAPTERS))
@pytest.mark.parametrize("seed", range(2))
def test_no_chapter_says_what_was_seen_false(chapter, seed):
    setup = _random(seed)
    with np.errstate(all="ignore"):
        sent = build_derivation_payload(setup, Place(chapter=chapter))
    said = list(_texts(sent))
    assert said
    assert [text for text in said if FALSE.search(text)] == []
    for text in said:
        if found := re.search(r"depth (\d+), (\d+) examples?;", text):
            assert (int(found[1]), int(found[2])) == (setup.net.depth, setup.batch.N)

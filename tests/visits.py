"""What the tests of the pages say to a page, and what they hear."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEP = "pages/1_Step_through.py"
DERIVE = "pages/2_Derivation.py"


def stages(block):
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from stages(child)
        elif child.type == "bidi_component":
            payload = json.loads(child.proto.json)[0]
            if "kind" in payload:
                yield payload


def told(app):
    """The score the stage on the page was sent."""
    assert not app.exception
    (score,) = stages(app._tree)
    return score


def send(app, stage, **state):
    """What the browser would report, as component state."""
    app.session_state[stage] = state
    return app.run()


def field(app, label):
    """A widget of the Layers popover by its label; its key changes with its value."""
    return next(w for w in (*app.text_input, *app.selectbox, *app.checkbox) if w.label == label)


def edit(seq, *cells, client="me"):
    return {"client": client, "seq": seq, "cells": list(cells)}

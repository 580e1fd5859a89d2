"""What the tests of the pages say to a page, and what they hear."""

import json
from itertools import count
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[1]
STEP = "pages/1_Step_through.py"
DERIVE = "pages/2_Derivation.py"
HINGE = "pages/3_Hinge_loss.py"
MEMORY = "pages/4_Memory_and_speed.py"


def components(block):
    """What every component of ours on the page was sent."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from components(child)
        elif child.type == "bidi_component":
            yield json.loads(child.proto.bytes) if child.proto.bytes else json.loads(child.proto.json)[0]


def told(app):
    """The score the stage on the page was sent."""
    assert not app.exception
    (score,) = (sent for sent in components(app._tree) if "matrices" in sent)
    return score


def charts(app):
    """The figures on the page, by their titles."""
    sent = [s["figure"] for s in components(app._tree) if "figure" in s]
    return {figure["layout"]["title"]["text"]: figure for figure in sent}


def send(app, stage, **state):
    """What the browser would report, as component state."""
    app.session_state[stage] = state
    return app.run()


def behind(app, menu):
    """The page with a menu open, which is not drawn before."""
    app.session_state[f"menu {menu}"] = True
    return app.run()


def field(app, label):
    """A widget of the Network menu by its label; its key changes with its value."""
    if not any(w.label == "Keep for the backward pass" for w in app.selectbox):
        behind(app, "Network")
    return next(w for w in (*app.text_input, *app.selectbox, *app.checkbox) if w.label == label)


def edit(seq, *cells, client="me"):
    return {"client": client, "seq": seq, "cells": list(cells)}


def keep(app):
    """What the browser is told to keep."""
    return told(app)["keep"]


_asked = count()


def ask(app, what):
    app.session_state["tools"] = {"do": {"what": what, "at": next(_asked)}}
    return app.run()


def visit(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()

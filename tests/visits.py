"""Open a page without a browser, send it events, read its payloads."""

import json
from itertools import count
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[1]
STEP = "pages/1_Step_through.py"
DERIVE = "pages/2_Derivation.py"
HINGE = "pages/3_Hinge_loss.py"
MEMORY = "pages/4_Memory_and_speed.py"
CHECK = "pages/5_Check.py"


def list_payloads(block):
    """List the payloads of all components on the page."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from list_payloads(child)
        elif child.type == "bidi_component":
            yield json.loads(child.proto.bytes) if child.proto.bytes else json.loads(child.proto.json)[0]


def read_payload(app):
    """Read the payload of the stage on the page."""
    assert not app.exception
    (payload,) = (p for p in list_payloads(app._tree) if "matrices" in p)
    return payload


def read_charts(app):
    """Read the figures on the page, by their titles."""
    figures = [p["figure"] for p in list_payloads(app._tree) if "figure" in p]
    return {figure["layout"]["title"]["text"]: figure for figure in figures}


def send_events(app, stage, **state):
    """Send the events of a component, as its component state."""
    app.session_state[stage] = state
    return app.run()


def open_menu(app, menu):
    """Open a menu, whose content is not drawn before."""
    app.session_state[f"menu {menu}"] = True
    return app.run()


def find_field(app, label):
    """Find a widget of the Network menu by its label, as its key changes with its value."""
    if not any(w.label == "Cached for the backward pass" for w in app.selectbox):
        open_menu(app, "Network")
    return next(w for w in (*app.text_input, *app.selectbox, *app.checkbox) if w.label == label)


def find_keyed(app, key):
    """Find a widget whose key has a number behind it since its value was changed elsewhere (`session.sync_widget`)."""
    kinds = (app.selectbox, app.slider, app.select_slider)
    return next(w for kind in kinds for w in kind if w.key and w.key.split("~")[0] == key)


def make_edits(seq, *cells, client="me"):
    return {"client": client, "seq": seq, "cells": list(cells)}


def read_keep_payload(app):
    """Read what the browser is to keep."""
    return read_payload(app)["keep"]


_clicks = count()


def use_toolbar(app, what):
    app.session_state["tools"] = {"do": {"what": what, "at": next(_clicks)}}
    return app.run()


def visit(**query):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()

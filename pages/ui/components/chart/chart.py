"""A Plotly chart that is redrawn in place: curves, maps, timelines.

`st.plotly_chart` is mounted anew whenever its figure changes, so that it flashes under a slider.
This one hands the new figure to the chart that is there. Plotly itself is Streamlit's own copy,
which a `st.plotly_chart` brings into the page; `open_charts` draws one that nobody sees.
"""

from __future__ import annotations

import json

import streamlit as st

from mlpcore.figures import Figure, smallest
from pages.ui.server.assets import script

_mount = st.components.v2.component(
    "mlpscope_chart",
    html='<div class="mlp-chart" role="img">\n</div>',
    js=script("chart"),
    # Plotly keeps its own styles in the document, where a shadow root would not see them.
    isolate_styles=False,
)


def open_charts() -> None:
    """Bring Plotly into the page. Once a page, outside of its fragments."""
    with st.container(key="plotly-loader"):
        st.plotly_chart(smallest(), height=1, theme=None)


def chart(key: str, figure: Figure, says: str) -> None:
    """Draw a figure of `mlpcore.figures`.

    On a figure with `drops`, what was done with its dots is component state `drop` under `key`: {example, at} for
    one that was clicked, {example, x, y, at} for one that was dragged there, {x, y, at} for a click elsewhere.

    Args:
        says: what a screen reader says of it.
    """
    # As bytes: an object would be written twice, once to be sent and once to be told from others.
    _mount(key=key, data=json.dumps({"figure": figure, "says": says}).encode(), on_drop_change=_noted)


def _noted() -> None:
    """Streamlit keeps only state that has a callback; ours is read by the run that follows."""

"""A Plotly chart that is redrawn in place: curves, maps, timelines.

`st.plotly_chart` is mounted anew whenever its figure changes, so that it flashes under a slider.
This component updates the chart in place. It uses Streamlit's own copy of Plotly, which a
`st.plotly_chart` brings into the page; `load_plotly` draws an invisible one.
"""

from __future__ import annotations

import json

import streamlit as st

from mlpcore.figures import Figure, smallest
from pages.ui.server.assets import script

_mount = st.components.v2.component(
    "mlpscope_chart",
    # The room of most figures, which its code, a moment later, makes that of this one.
    html='<div class="mlp-chart" role="img" style="min-height: 18.75rem">\n</div>',
    js=script("chart"),
    # Plotly puts its styles into the document, where they would not reach into a shadow root.
    isolate_styles=False,
)


def load_plotly() -> None:
    """Bring Plotly into the page. Call it once a page, outside of fragments."""
    with st.container(key="plotly-loader"):
        st.plotly_chart(smallest(), height=1, theme=None)


def draw_chart(key: str, figure: Figure, description: str) -> None:
    """Draw a figure of `mlpcore.figures`.

    On a figure with `drops`, the event `drop` is component state under `key`: {example, at} for a dot that was
    clicked, {example, x, y, at} for one that was dragged, {x, y, at} for a click elsewhere.

    Args:
        description: the text for a screen reader.
    """
    # As bytes: Streamlit would serialize an object twice, to send it and to hash it. It keeps only state
    # that has a callback; the run that follows reads it.
    data = json.dumps({"figure": figure, "says": description}).encode()
    _mount(key=key, data=data, on_drop_change=lambda: None)

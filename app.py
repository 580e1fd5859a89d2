"""MLPScope: the home page, and the entry of the server (`streamlit run app.py`)."""

import streamlit as st


def home() -> None:
    """Choose an example, edit any input, see the whole pass at a glance."""
    from pages.ui import layout as shell
    from pages.ui import widgets

    with shell.open_page("Whole pass", widgets.NETWORK, widgets.CONVENTIONS):
        widgets.choose_example()
        widgets.start_again()
    widgets.loss_complaint()
    widgets.wall()
    shell.close_page(widgets.conventions())


if __name__ == "__main__":
    home()
else:
    # The server imports this file as a module; where a host runs it as a plain script, the
    # page above is all there is, and it is enough. The pages' imports stay out of here: the
    # stage registers itself when it is imported, and Streamlit 1.62 only hears that in a run.
    from pages.ui import heap

    heap.start_over()  # before the rest is read, which would be read twice
    from pages.ui.server import lifespan as server
    from pages.ui.server import middleware as gate

    app = st.App(
        "app.py",
        lifespan=server.lifespan,
        routes=server.routes,
        middleware=gate.middleware,
        on_script_error=server.on_script_error,
    )

"""MLPScope: the home page, and the entry of the server (`streamlit run app.py`)."""

import streamlit as st


def home() -> None:
    """Choose an example, edit any input, see the whole pass at a glance."""
    from pages.ui import layout, widgets

    with layout.open_page("Overview", widgets.NETWORK, widgets.CONVENTIONS):
        widgets.choose_example()
    widgets.draw_pass("wall")
    widgets.draw_steps()
    layout.close_page(widgets.list_conventions())


if __name__ == "__main__":
    home()
else:
    # The server imports this file as a module; a host that ignores `st.App` runs it as a script and
    # gets the page above. The components are not imported here: Streamlit registers them in a run only.
    from pages.ui.server.lifespan import lifespan, on_script_error, routes
    from pages.ui.server.middleware import middleware

    app = st.App("app.py", lifespan=lifespan, routes=routes, middleware=middleware, on_script_error=on_script_error)

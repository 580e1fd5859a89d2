from pages.ui import layout, widgets

with layout.open_page("Step through", widgets.NETWORK, widgets.CONVENTIONS):
    widgets.choose_example()
widgets.draw_pass("player")
widgets.draw_steps()
layout.close_page(widgets.list_conventions())

from pages.ui import layout, widgets

with layout.open_page("Derivation", widgets.NETWORK, widgets.CONVENTIONS):
    widgets.choose_example()
widgets.draw_derivation()
widgets.draw_steps()
layout.close_page(widgets.list_conventions())

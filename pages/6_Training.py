from pages.ui import layout, widgets

with layout.open_page("Training", widgets.NETWORK, widgets.CONVENTIONS, charts=True):
    widgets.choose_example()
widgets.draw_training()
layout.close_page([])

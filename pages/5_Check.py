from pages.ui import layout, widgets

with layout.open_page("Check", widgets.NETWORK, widgets.CONVENTIONS):
    widgets.choose_example()
widgets.draw_check()
layout.close_page(widgets.list_conventions())

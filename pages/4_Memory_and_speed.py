from pages.ui import layout, widgets

with layout.open_page("Memory and speed", charts=True):
    pass
widgets.memory()
layout.close_page(widgets.memory_conventions())

from pages.ui import layout, widgets

with layout.open_page("Memory and speed", charts=True):
    pass
widgets.draw_memory()
layout.close_page([widgets.BYTES_CONVENTION])

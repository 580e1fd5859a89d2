from pages.ui import layout as shell
from pages.ui import widgets

with shell.open_page("Memory", charts=True):
    pass
widgets.memory()
shell.close_page(widgets.memory_conventions())

from pages.ui import shell, widgets

with shell.open_page("Memory", charts=True):
    pass
widgets.memory()
shell.close_page(widgets.memory_conventions())

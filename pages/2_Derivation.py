from pages.ui import shell, widgets

with shell.open_page("Derivation"):
    widgets.choose_example()
    widgets.choose_conventions()
    widgets.start_again()
widgets.derivation()
shell.close_page(widgets.conventions())

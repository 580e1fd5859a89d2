from pages.ui import shell, widgets

with shell.open_page("Step through"):
    widgets.choose_example()
    widgets.choose_schedule()
    widgets.choose_conventions()
    widgets.start_again()
widgets.player()
shell.close_page(widgets.conventions())

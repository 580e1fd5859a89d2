from pages.ui import shell, widgets

with shell.open_page("Step through"):
    widgets.choose_example()
    widgets.edit_network()
    widgets.choose_conventions()
    widgets.start_again()
widgets.loss_complaint()
widgets.player()
shell.close_page(widgets.conventions())

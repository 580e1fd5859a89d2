from pages.ui import shell, widgets

with shell.open_page("Derivation"):
    widgets.choose_example()
    widgets.edit_network()
    widgets.choose_conventions()
    widgets.start_again()
widgets.loss_complaint()
widgets.derivation()
shell.close_page(widgets.conventions())

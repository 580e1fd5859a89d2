from pages.ui import layout as shell
from pages.ui import widgets

with shell.open_page("Derivation", widgets.NETWORK, widgets.CONVENTIONS):
    widgets.choose_example()
    widgets.start_again()
widgets.loss_complaint()
widgets.derivation()
shell.close_page(widgets.conventions())

from pages.ui import layout as shell
from pages.ui import widgets

with shell.open_page("Step through", widgets.NETWORK, widgets.CONVENTIONS):
    widgets.choose_example()
    widgets.start_again()
widgets.loss_complaint()
widgets.player()
shell.close_page(widgets.conventions())

from pages.ui import layout as shell
from pages.ui import widgets

with shell.open_page("Hinge loss", widgets.LOGITS, widgets.LAB_CONVENTIONS, charts=True):
    widgets.choose_lab()
    widgets.start_lab_again()
widgets.hinge()
shell.close_page(widgets.lab_conventions())

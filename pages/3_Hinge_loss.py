from pages.ui import shell, widgets

with shell.open_page("Hinge loss", charts=True):
    widgets.choose_lab()
    widgets.edit_logits()
    widgets.choose_conventions(lab=True)
    widgets.start_lab_again()
widgets.hinge()
shell.close_page(widgets.lab_conventions())

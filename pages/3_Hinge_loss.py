from pages.ui import layout, widgets

with layout.open_page("Hinge loss", widgets.LOGITS, widgets.LAB_CONVENTIONS, file=widgets.LAB_FILE, charts=True):
    widgets.choose_lab()
widgets.draw_hinge_lab()
layout.close_page(widgets.list_lab_conventions())

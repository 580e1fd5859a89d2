from pages.ui import shell, widgets

shell.open_page("Step through")
widgets.player()
shell.close_page()

"""Streamlit widgets over mlpcore values, and the stages: all that a page draws."""

from pages.ui.widgets.check import draw_check
from pages.ui.widgets.choices import CONVENTIONS, LAB_CONVENTIONS, choose_example, list_conventions
from pages.ui.widgets.files import LAB_FILE
from pages.ui.widgets.hinge import draw_hinge_lab
from pages.ui.widgets.lab import LOGITS, choose_lab, list_lab_conventions
from pages.ui.widgets.layers import NETWORK
from pages.ui.widgets.memory import BYTES_CONVENTION, draw_memory
from pages.ui.widgets.stages import draw_derivation, draw_pass
from pages.ui.widgets.steps import draw_steps
from pages.ui.widgets.training import draw_training

__all__ = [
    "BYTES_CONVENTION", "CONVENTIONS", "LAB_CONVENTIONS", "LAB_FILE", "LOGITS", "NETWORK", "choose_example",
    "choose_lab", "draw_check", "draw_derivation", "draw_hinge_lab", "draw_memory", "draw_pass", "draw_steps",
    "draw_training", "list_conventions", "list_lab_conventions",
]  # fmt: skip

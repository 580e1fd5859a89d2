"""Streamlit widgets over mlpcore values, and the stages. No page builds its own."""

from pages.ui.widgets.choices import (
    CONVENTIONS,
    LAB_CONVENTIONS,
    choose_example,
    conventions,
    loss_complaint,
    start_again,
)
from pages.ui.widgets.hinge import hinge
from pages.ui.widgets.lab import LOGITS, choose_lab, lab_conventions, start_lab_again
from pages.ui.widgets.layers import NETWORK
from pages.ui.widgets.memory import memory, memory_conventions
from pages.ui.widgets.stages import derivation, player, wall

__all__ = [
    "CONVENTIONS", "LAB_CONVENTIONS", "LOGITS", "NETWORK", "choose_example", "choose_lab", "conventions", "derivation",
    "hinge", "lab_conventions", "loss_complaint", "memory", "memory_conventions", "player", "start_again",
    "start_lab_again", "wall",
]  # fmt: skip

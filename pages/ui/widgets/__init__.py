"""Streamlit widgets over mlpcore values, and the stages. No page builds its own."""

from pages.ui.widgets.choices import (
    choose_conventions,
    choose_example,
    choose_loss,
    choose_schedule,
    conventions,
    loss_complaint,
    start_again,
)
from pages.ui.widgets.layers import edit_layers
from pages.ui.widgets.stages import derivation, player, wall

__all__ = [
    "choose_conventions", "choose_example", "choose_loss", "choose_schedule", "conventions", "derivation",
    "edit_layers", "loss_complaint", "player", "start_again", "wall",
]  # fmt: skip

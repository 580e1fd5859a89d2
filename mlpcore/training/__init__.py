"""Training: many steps one after the other, with every matrix of every step at hand."""

from .course import Course, train
from .datasets import DATASETS, DataSet, fit_network, hold_out, make_setup, standardise
from .questions import QUESTIONS, Question

__all__ = [
    "DATASETS", "QUESTIONS", "Course", "DataSet", "Question", "fit_network", "hold_out", "make_setup", "standardise",
    "train",
]  # fmt: skip

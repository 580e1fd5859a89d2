"""Training: many steps one after the other, with every matrix of every step at hand."""

from .course import Course, train
from .datasets import DATASETS, DataSet, make_setup, standardise

__all__ = ["DATASETS", "Course", "DataSet", "make_setup", "standardise", "train"]

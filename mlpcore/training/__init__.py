"""Training: many steps one after the other, with every matrix of every step at hand."""

from .course import Course, train

__all__ = ["Course", "train"]

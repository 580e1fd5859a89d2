"""The fast evaluator: a list of steps with every matrix in one arena and every equation in place."""

from .program import Program, compile_pass

__all__ = ["Program", "compile_pass"]

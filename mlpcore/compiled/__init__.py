"""The fast evaluator: the same steps in one arena, every equation in place."""

"""Time and memory measured beside what is counted, in a process of its own.

    >>> ticket = shared_queue().submit(Job(shape, N=512, schedules=("cache S and Z", "cache S", mlp.blocks(128))))
    >>> ticket.state, ticket.position, ticket.progress, ticket.seconds_left   # from any thread, any session
    >>> ticket.wait().measurements[1].ratio

Importing this starts nothing.
"""

from .job import Job, Measurement, RefusedError, Report, format_csv, pareto_front, tabulate
from .machine import machine, memory_limit
from .queue import CANCELLED, DONE, FAILED, RUNNING, WAITING, JobQueue, Ticket, shared_queue
from .sweep import find_measurements, make_jobs
from .verdict import describe_time, is_tie, pareto_front_with_ties, summarise

__all__ = [
    "CANCELLED", "DONE", "FAILED", "RUNNING", "WAITING", "Job", "JobQueue", "Measurement", "RefusedError", "Report",
    "Ticket", "describe_time", "find_measurements", "format_csv", "is_tie", "machine", "make_jobs", "memory_limit",
    "pareto_front", "pareto_front_with_ties", "shared_queue", "summarise", "tabulate",
]  # fmt: skip

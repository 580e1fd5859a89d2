"""The clock and the allocator: measured beside counted, in a process of its own.

    >>> ticket = shared().submit(Job(shape, N=512, policies=("cache S and Z", "cache S", ("blocks", 128))))
    >>> ticket.state, ticket.ahead, ticket.progress, ticket.left   # from any thread, any session
    >>> ticket.wait().arms[1].ratio

Nothing is started by importing this.
"""

from .along import jobs_along, measured_along
from .job import Arm, Job, RefusedError, Report, as_csv, pareto, rows
from .machine import machine, memory_limit
from .queue import DONE, FAILED, RUNNING, WAITING, Bench, Ticket, shared
from .verdict import sentences, tied, time_in_words, unbeaten

__all__ = [
    "DONE", "FAILED", "RUNNING", "WAITING", "Arm", "Bench", "Job", "RefusedError", "Report", "Ticket", "as_csv",
    "jobs_along", "machine", "measured_along", "memory_limit", "pareto", "rows", "sentences", "shared", "tied",
    "time_in_words", "unbeaten",
]  # fmt: skip

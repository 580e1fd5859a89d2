"""The clock and the allocator: measured beside counted, in a process of its own.

    >>> ticket = shared().submit(Job(shape, N=512, policies=("cache S and Z", "cache S", ("blocks", 128))))
    >>> ticket.state, ticket.ahead, ticket.progress, ticket.left   # from any thread, any session
    >>> ticket.wait().arms[1].ratio

Nothing is started by importing this.
"""

from .job import Arm, Job, RefusedError, Report, as_csv, pareto, rows
from .machine import machine, memory_limit
from .queue import Bench, Ticket, shared

__all__ = [
    "Arm", "Bench", "Job", "RefusedError", "Report", "Ticket", "as_csv", "machine", "memory_limit", "pareto", "rows",
    "shared",
]  # fmt: skip

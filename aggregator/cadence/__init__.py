"""Who is due, and when to come back: no publisher is asked more often than it wishes.

``schedule`` decides on the next pull and says why, ``rhythm`` learns how often a source publishes, ``moves``
when a new address has lasted, ``course`` how a source stands after an answer, ``budget`` what may be asked of a
domain.  Nothing here reads a clock.
"""

from aggregator.cadence.course import failed, postponed, queue, succeeded
from aggregator.cadence.moves import advice, twins

__all__ = ["advice", "failed", "postponed", "queue", "succeeded", "twins"]

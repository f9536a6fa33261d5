"""Work on what others wrote, in processes of its own: what takes too long or too much memory there ends there.

Knows nothing of what the work is.  A process starts when there is work for it, and ends with the pool, also when
this process is killed.  What is our own work, and needs no limits, is done by a ``helper``.
"""

from aggregator.workers.job import Limits
from aggregator.workers.pool import Pool

__all__ = ["Limits", "Pool"]

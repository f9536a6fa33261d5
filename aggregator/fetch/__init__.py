"""The one room that knows the network: documents by conditional GET, with manners, limits and a guard.

``Client`` asks for one document, ``fetch_all`` for many at once, ``address`` tells where a source's lies.
"""

from aggregator.fetch.account import Account
from aggregator.fetch.client import Client
from aggregator.fetch.dial import Address, Resolver, system_resolver
from aggregator.fetch.guard import allowed
from aggregator.fetch.lanes import fetch_all
from aggregator.fetch.model import Limits, Request, Response, max_age, retry_after
from aggregator.fetch.slots import Slots
from aggregator.fetch.transports import TRANSPORTS, address

__all__ = [
    "TRANSPORTS",
    "Account",
    "Address",
    "Client",
    "Limits",
    "Request",
    "Resolver",
    "Response",
    "Slots",
    "address",
    "allowed",
    "fetch_all",
    "max_age",
    "retry_after",
    "system_resolver",
]

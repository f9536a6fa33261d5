"""The one room that knows the network: documents by conditional GET, with manners, limits and a guard.

``Client`` asks for one document, ``fetch_all`` for many at once, ``address`` tells where a source's lies.
"""

from aggregator.fetch.account import Account
from aggregator.fetch.client import Client
from aggregator.fetch.lanes import fetch_all
from aggregator.fetch.model import Limits, Request, Response
from aggregator.fetch.slots import Slots
from aggregator.fetch.transports import address

__all__ = ["Account", "Client", "Limits", "Request", "Response", "Slots", "address", "fetch_all"]

"""DynamoDB Streams and Kinesis Data Streams as simulations behind the calls of boto3's clients.

Everything is in memory, on a clock that the caller owns, and says what the services are documented
to say; what goes wrong on the way is a :class:`Network`'s affair. No code of the program is used.
"""

from tests.simulation.service.client import Doc, Network, Perfect, Request, SimulatedClient
from tests.simulation.service.dynamodb import SimulatedDynamoStreams, arn_of
from tests.simulation.service.errors import Refused, cut_off, no_answer, unreachable
from tests.simulation.service.kinesis import SimulatedKinesis, table_change, write
from tests.simulation.service.shards import Change, Shard, Stream, place
from tests.simulation.service.table import SimulatedTable

__all__ = [
    "Change",
    "Doc",
    "Network",
    "Perfect",
    "Refused",
    "Request",
    "Shard",
    "SimulatedClient",
    "SimulatedDynamoStreams",
    "SimulatedKinesis",
    "SimulatedTable",
    "Stream",
    "arn_of",
    "cut_off",
    "no_answer",
    "place",
    "table_change",
    "unreachable",
    "write",
]

"""Damage to messages, drawn at random: what no server may stumble over."""

import random
from collections.abc import Callable, Sequence

Change = Callable[[bytearray, int, random.Random], None]
"""Damages a message at a place."""


def damage(
    message: bytearray, drawn: random.Random, own: Sequence[Change], *, grown_max: int
) -> None:
    """Change an octet, cut the message, let it grow, or do one of a protocol's `own` changes."""
    place = drawn.randrange(len(message) + 1)
    kind = drawn.randrange(3 + len(own))
    if kind == 0:
        message[place : place + 1] = bytes((drawn.randrange(256),))
    elif kind == 1:
        del message[place:]
    elif kind == 2:
        message[place:place] = drawn.randbytes(drawn.randint(1, grown_max))
    else:
        own[kind - 3](message, place, drawn)

"""What was begun is waited for to its end."""

import asyncio

import pytest

from shared.adapters.tally import Tally


async def test_the_end_comes_with_the_last() -> None:
    """Also of what is begun while it is waited for."""
    tally = Tally()
    tally.begin()
    tally.begin()
    ending = asyncio.create_task(tally.end())
    tally.settle()
    await asyncio.sleep(0)
    tally.begin()
    tally.settle()
    await asyncio.sleep(0.01)
    assert not ending.done()
    tally.settle()
    await ending


async def test_nothing_begun_is_at_its_end() -> None:
    """Nobody waits for nothing."""
    await Tally().end()


async def test_what_a_task_raises_is_raised() -> None:
    """A fault of ours must not be silent."""

    async def stumble() -> None:
        raise ZeroDivisionError

    tally = Tally()
    tally.do(stumble())
    with pytest.raises(ZeroDivisionError):
        await tally.end()


async def test_closing_cancels_what_goes_on() -> None:
    """A round that is given up leaves nothing behind."""
    was_cancelled = asyncio.Event()

    async def go_on() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    tally = Tally()
    tally.do(go_on())
    await asyncio.sleep(0)
    tally.close()
    await asyncio.wait_for(was_cancelled.wait(), 5)

"""From bytes in a thread to items on the loop: lines, and channels."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.adapters.channel import Channel
from wizard.adapters.daemon import beside, spawn
from wizard.adapters.lines import Lines

# Lines.


@given(st.lists(st.binary(max_size=12)), st.integers(1, 8))
def test_lines_in_any_pieces(pieces: list[bytes], limit: int) -> None:
    lines = Lines(limit)
    got = [line for piece in pieces for line in lines.feed(piece)] + lines.rest()
    whole = b"".join(pieces).split(b"\n")
    expected = [(line[:limit], max(0, len(line) - limit)) for line in whole]
    assert got == (expected if whole[-1] else expected[:-1])


def test_a_long_line_costs_its_length() -> None:
    """A quadratic one would take minutes."""
    lines = Lines(4096)
    began = time.perf_counter()
    for _ in range(100_000):
        assert lines.feed(b"x" * 100) == []
    ((line, cut),) = lines.feed(b"\n")
    assert (len(line), cut) == (4096, 10_000_000 - 4096)
    assert time.perf_counter() - began < 5


# Channels.


def test_a_channel_gives_everything_in_order_and_holds_a_quick_writer_back() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(room=50)
        ahead: list[int] = []
        read = 0

        def write() -> None:
            for number in range(0, 1000, 10):
                ahead.append(number - read)
                channel.put(range(number, number + 10))
            channel.end()

        spawn("writer", write)
        got: list[int] = []
        while (batch := await channel.batch()) is not None:
            got += batch
            read = len(got)
        assert got == list(range(1000))
        assert await channel.batch() is None
        assert max(ahead) < 200, "the writer waited"

    asyncio.run(main())


def test_a_channel_carries_the_problem_after_what_came() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel()
        channel.put([1])
        channel.end(ValueError("x"))
        assert await channel.batch() == [1]
        for _ in range(2):
            with pytest.raises(ValueError, match="x"):
                await channel.batch()

    asyncio.run(main())


def test_a_closed_channel_lets_its_writer_go() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(room=1)
        assert channel.put([1])
        stopped = asyncio.create_task(beside("writer", lambda: channel.put([2])))
        await asyncio.sleep(0)
        channel.close()
        assert await stopped is False
        assert not channel.offer([3])

    asyncio.run(main())


def test_a_thread_outlives_its_loop() -> None:
    channels: list[Channel[int]] = []

    async def main() -> None:
        channels.append(Channel())

    asyncio.run(main())
    assert channels[0].put([1]) is False
    channels[0].end()


def test_the_loop_is_woken_seldom() -> None:
    async def main() -> None:
        channel: Channel[int] = Channel(pace=0.05)

        def write() -> None:
            ends = time.monotonic() + 0.5
            while time.monotonic() < ends:
                channel.put([1])
                threading.Event().wait(0.0005)
            channel.end()

        spawn("writer", write)
        batches = 0
        while await channel.batch() is not None:
            batches += 1
        assert batches <= 13

    asyncio.run(main())

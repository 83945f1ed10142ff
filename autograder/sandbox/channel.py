"""Messages over a socket: eight bytes of length, then as many bytes."""

from __future__ import annotations

import select
import socket
import struct
import time

from autograder.limits import LARGEST_MESSAGE

_LENGTH = struct.Struct("<Q")
CHUNK = 1 << 20


class ChannelError(Exception):
    """The other side is gone, late, or sends what is no message; the text says which."""


class Gone(ChannelError):
    """The other side has ended or hung up."""


class Late(ChannelError):
    """Nothing came in time."""


def send(channel: socket.socket, message: bytes, *, seconds: float | None = None) -> None:
    """Sends a message.

    Raises:
        ChannelError: if the other side is gone, or does not take it within `seconds`.
    """
    view = memoryview(_LENGTH.pack(len(message)) + message)
    end = None if seconds is None else time.monotonic() + seconds
    try:
        while view:
            try:
                view = view[channel.send(view[:CHUNK], socket.MSG_DONTWAIT if end is not None else 0) :]
            except BlockingIOError:
                _wait(channel, select.POLLOUT, end)
    except OSError as error:
        raise Gone(f"it is gone ({error.strerror})") from None


def receive(channel: socket.socket, *, seconds: float | None = None, limit: int = LARGEST_MESSAGE) -> bytes:
    """The next message.

    Args:
        channel: the socket.
        seconds: how long to wait for all of it; None waits for ever.
        limit: the most bytes that it may have.

    Raises:
        ChannelError: if there is none, it is too long, or (`Late`) it did not come in time.
    """
    end = None if seconds is None else time.monotonic() + seconds
    _wait(channel, select.POLLIN, end)
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size, end))
    if length > limit:
        raise ChannelError(f"its answer is said to have {length:,} bytes; {limit:,} are allowed")
    return bytes(_exactly(channel, length, end))


def has_something(channel: socket.socket) -> bool:
    """Whether bytes, or the end, wait to be read."""
    try:
        channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _exactly(channel: socket.socket, size: int, end: float | None) -> bytearray:
    """`size` bytes; memory is taken as they come, not as they are announced."""
    found = bytearray()
    while len(found) < size:
        try:
            piece = channel.recv(min(size - len(found), CHUNK), socket.MSG_DONTWAIT if end is not None else 0)
        except BlockingIOError:
            _wait(channel, select.POLLIN, end)
            continue
        except OSError as error:
            raise Gone(f"it is gone ({error.strerror})") from None
        if not piece:
            raise Gone("it ended")
        found += piece
    return found


def _wait(channel: socket.socket, event: int, end: float | None) -> None:
    poll = select.poll()
    poll.register(channel, event)
    if not poll.poll(None if end is None else max(0.0, end - time.monotonic()) * 1000):
        raise Late("it did not answer in time")

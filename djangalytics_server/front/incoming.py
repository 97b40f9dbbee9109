"""A request on its way in: its parser, or how much of a refused one is still to be passed over."""

from __future__ import annotations

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser  # type: ignore[import-untyped]

READ_BYTES = 64 * 1024
BODY_READ_BYTES = 256 * 1024
"""What is read at once within a body of which more than that is to come. Each read gives the
interpreter up, and beside threads that compute it takes long to win it back."""


class Incoming:
    """What has arrived of a request that is not complete, if one has begun."""

    def __init__(self, adj: Adjustments) -> None:
        self._adj = adj
        self._passing_over = 0
        self.parser: HTTPRequestParser | None = None

    def __bool__(self) -> bool:
        """Whether a request has begun to arrive."""
        return self.parser is not None or self._passing_over > 0

    @property
    def appetite(self) -> int:
        """How many bytes to read at once."""
        return BODY_READ_BYTES if self.is_large else READ_BYTES

    @property
    def is_large(self) -> bool:
        """Whether much of a body is to come."""
        return self._to_come() > READ_BYTES

    @property
    def passes_over(self) -> bool:
        """Whether the rest is received and not kept."""
        return self._passing_over > 0

    def begin(self) -> HTTPRequestParser:
        """The parser of a new request."""
        self.parser = HTTPRequestParser(self._adj)
        return self.parser

    def take(self) -> None:
        """The request is complete, and whoever has its parser closes it."""
        self.parser = None

    def drop(self) -> None:
        """Forget what has arrived."""
        if self.parser is not None:
            self.parser.close()
        self.parser = None

    def drop_the_rest(self) -> None:
        """Keep nothing of the request, though it must be received."""
        self._passing_over = self._to_come()
        self.drop()

    def pass_over(self, data: bytes) -> bytes:
        """Receive without keeping; gives what follows the request."""
        passed = min(len(data), self._passing_over)
        self._passing_over -= passed
        return data[passed:]

    def _to_come(self) -> int:
        parser = self.parser
        if parser is None or not parser.headers_finished or parser.chunked:
            return self._passing_over
        return int(parser.content_length - parser.body_bytes_received)

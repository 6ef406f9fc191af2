"""The receiving of one HTTP request by waitress, with limits on its size and time."""

import time
from typing import Any, Final

from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest, Error, RequestEntityTooLarge

MAX_DISCARDED_BYTES: Final = 100_000_000  # of a body that is too large
# Headers must arrive within this time. A body has more time: one second for MIN_BYTES_PER_SECOND.
RECEIVE_SECONDS: Final = 20
MIN_BYTES_PER_SECOND: Final = 5_000
# waitress needs long to receive many small chunks, and searches an unfinished line between chunks
# again and again.
MAX_CHUNK_LINE_BYTES: Final = 1_000
MAX_CHUNK_OVERHEAD_BYTES: Final = 20_000  # of all these lines, in addition to a tenth of the body


class Request(HTTPRequestParser):
    """A request that is being received."""

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.error: Error | None = None
        self.started = time.monotonic()
        self._discard_bytes = 0  # of a body that is too large

    def received(self, data: bytes) -> int:
        """Take in some bytes. Return how many of them belong to this request."""
        if self._discard_bytes:
            return self._discard(data)
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            # The application rejects the request because of its declared length. If the connection
            # were closed before the body has arrived, most clients would not see the response.
            self.error = self.body_rcv = None
            if self.chunked:
                self.headers["CONTENT_LENGTH"] = str(self.body_bytes_received)
                self.headers["CONNECTION"] = "close"
            elif self.content_length <= MAX_DISCARDED_BYTES:
                self._discard_bytes = self.content_length
                self.completed = False
            else:
                self.headers["CONNECTION"] = "close"
        if self.chunked and self.body_rcv is not None and self._has_bad_chunks(self.body_rcv):
            self.error, self.completed = BadRequest("The chunks are too small"), True
        if not self.completed or self.empty:
            return consumed
        self.expect_continue = False  # Otherwise, waitress would wait for the body.
        if consumed < len(data):
            # The client sends the next request without waiting. Browsers and proxies do not. With
            # many such requests, the unsent responses would take much memory.
            self.headers["CONNECTION"] = "close"
        return len(data)

    def _has_bad_chunks(self, body: ChunkedReceiver) -> bool:
        if max(len(body.control_line), len(body.trailer)) > MAX_CHUNK_LINE_BYTES:
            return True
        overhead = self.body_bytes_received - len(body)
        return overhead > MAX_CHUNK_OVERHEAD_BYTES + len(body) // 10

    def _discard(self, data: bytes) -> int:
        count = min(len(data), self._discard_bytes)
        self._discard_bytes -= count
        self.body_bytes_received += count
        self.completed = not self._discard_bytes
        return count

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and the headers. Raises `ParsingError` if they are invalid."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # waitress does not expect it from urlsplit() and int()
            raise ParsingError("Invalid URL or number") from error
        # In other versions than HTTP/1.1, waitress ignores the header, so the body would count as
        # the next request.
        if "TRANSFER_ENCODING" in self.headers:
            raise TransferEncodingNotImplemented("Content-Length is required")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            # A proxy and this server could disagree about the end of the body (RFC 9112, 6.1).
            raise ParsingError("Transfer-Encoding and Content-Length exclude each other")

    def is_late(self, now: float) -> bool:
        """Return whether the client has exceeded the time for the bytes that it has sent."""
        allowed: float = RECEIVE_SECONDS + self.body_bytes_received / MIN_BYTES_PER_SECOND
        return now - self.started > allowed

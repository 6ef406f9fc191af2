"""Choose the format of responses."""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class FileNegotiation(DefaultContentNegotiation):
    """Accept every `Accept` header, for a view that returns a file, or JSON for an error.

    The default class would refuse `Accept: image/png`, because its responses are JSON only.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of errors, and its media type."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type

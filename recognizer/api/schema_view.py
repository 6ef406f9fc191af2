"""Serve the OpenAPI schema."""

import threading
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

# drf-spectacular keeps state in the view classes, so two threads must not generate a schema at the
# same time.
_lock: Final = threading.Lock()


class SchemaView(SpectacularAPIView):
    """The OpenAPI schema of all operations, as YAML or JSON.

    The parameter `lang` selects the language. Without it, the header `Accept-Language` does.
    """

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error as JSON, as all other operations do."""
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the schema. Raises `ValidationError` if the site does not have the language."""
        language = request.query_params.get("lang") or get_language()
        names = dict(settings.LANGUAGES)
        if language not in names:
            message = _("Unknown language. There are: %(names)s.") % {"names": ", ".join(names)}
            raise ValidationError({"lang": [message]})
        renderer = request.accepted_renderer
        with _lock:
            # mypy does not know that classes are hashable.
            content = _render(type(renderer), language)  # type: ignore[arg-type]
        content_type = renderer.media_type
        if renderer.charset:  # JSON has none, because it is always UTF-8.
            content_type += f"; charset={renderer.charset}"
        return HttpResponse(content, content_type)


@lru_cache
def _render(renderer: type[BaseRenderer], language: str) -> str | bytes:
    """Generate the schema. There are at most as many as languages and formats."""
    with override(language):
        schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
        return renderer().render(schema, renderer_context={})

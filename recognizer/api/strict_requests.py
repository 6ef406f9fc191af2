"""Refuse requests that contain something that the API would ignore."""

from typing import Any, Final

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from recognizer.api import exceptions

PAGE_PARAMETERS: Final = ("cursor", "page_size")


class StrictRequestMixin:
    """Refuse unknown query parameters, and bodies that the server has not received.

    A list knows the parameters of its pages and the fields of its `filterset_class`.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the request. Raises `ValidationError` or `LengthRequired`."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.method == "OPTIONS" or request.method not in self.allowed_methods:  # type: ignore[attr-defined]
            return
        # The site's own server decodes chunked bodies. Django's `runserver` ignores them.
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise exceptions.LengthRequired
        known = self._known_parameters()
        if unknown := sorted(request.query_params.keys() - known):
            message = (
                _("Unknown parameter. There are: %(names)s.") % {"names": ", ".join(known)}
                if known
                else _("Unknown parameter. This operation has none.")
            )
            raise ValidationError({name: [message] for name in unknown})

    def _known_parameters(self) -> list[str]:
        if getattr(self, "action", None) != "list":
            return []
        filterset = getattr(self, "filterset_class", None)
        return [*PAGE_PARAMETERS, *(filterset.base_filters if filterset else ())]

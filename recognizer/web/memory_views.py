"""Show the personal memory on *My drawings*, turn it on or off, and forget its drawings."""

import uuid
from collections import defaultdict
from datetime import timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from recognizer.accounts import cookies, ownership
from recognizer.api.personal import MEMORY_COOKIE, MEMORY_OFF, is_turned_off
from recognizer.models import Submission
from recognizer.serving.model_registry import LoadedVersion
from recognizer.serving.stored_pixels import png_data_url
from recognizer.web.ui_strings import label_phrase

COOKIE_AGE: Final = timedelta(days=365)
EXAMPLES_PER_LABEL: Final = 3


def memory_is_used(request: HttpRequest, live: LoadedVersion | None) -> bool:
    """Return whether the visitor's corrections adjust the visitor's next predictions."""
    return not is_turned_off(request) and live is not None and live.recognizer.has_embedding


def memory_context(
    request: HttpRequest, owner: uuid.UUID | None, live: LoadedVersion | None
) -> dict[str, Any]:
    """Return the context about the owner's memory: its size, and the newest examples."""
    by_label: dict[int, list[bytes]] = defaultdict(list)
    if owner is not None:
        # mypy does not know the annotations of a queryset.
        remembered = Submission.objects.remembered(owner)
        rows = remembered.values_list("effective_label", "pixels")  # type: ignore[misc]
        for label, pixels in rows:
            by_label[label].append(pixels)
    return {
        "is_on": not is_turned_off(request),
        "is_supported": live is None or live.recognizer.has_embedding,
        "count": sum(map(len, by_label.values())),
        "labels": [_label_context(label, by_label[label]) for label in sorted(by_label)],
    }


def _label_context(label: int, model_inputs: list[bytes]) -> dict[str, Any]:
    examples = model_inputs[:EXAMPLES_PER_LABEL]
    return {
        "name": label_phrase(label),
        "count": len(model_inputs),
        "examples": [png_data_url(pixels) for pixels in examples],
    }


@require_POST
def switch_memory(request: HttpRequest) -> HttpResponse:
    """Turn the memory on or off in this browser. `memory` in the form is "on" or "off"."""
    response = redirect("mine")
    if request.POST.get("memory") == MEMORY_OFF:
        cookies.set_cookie(response, MEMORY_COOKIE, MEMORY_OFF, COOKIE_AGE)
    else:
        cookies.delete_cookie(response, MEMORY_COOKIE)
    return response


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Remove the owner's drawings from the memory. The drawings stay stored."""
    owner = ownership.current_owner(request)
    if owner is not None:
        Submission.objects.owned_by(owner).forget()
    return redirect("mine")

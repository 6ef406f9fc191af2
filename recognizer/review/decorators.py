"""Restrict the review pages to reviewers."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from recognizer.accounts import rights

View = Callable[..., HttpResponse]


def reviewers_only(view: View) -> Callable[..., HttpResponseBase]:
    """Allow only reviewers to use the view.

    Users who are not staff get the login page, or status 401 if the request does not accept HTML.
    After a POST, the login page says that nothing was saved.
    Staff without the permission get status 403.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not rights.is_staff(request.user):
            if request.accepts("text/html"):
                if request.method == "POST":
                    text = _("You are logged out, so nothing was saved. Log in and try again.")
                    messages.warning(request, text)
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            return JsonResponse({"detail": _("You are logged out.")}, status=401)
        if not rights.can_review(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded

"""An admin page that adds a reviewer, and shows a link with which to set the password."""

from typing import Any

from django import forms
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from recognizer.accounts.rights import REVIEWERS


class ReviewerForm(forms.ModelForm):
    """The name of a new user."""

    class Meta:
        model = User
        fields = ("username",)
        field_classes = {"username": UsernameField}


class ReviewerAdmin(UserAdmin):
    """Add the page `add-reviewer/` to the admin of users."""

    def get_urls(self) -> list[URLPattern]:
        add = self.admin_site.admin_view(self.add_reviewer)
        return [path("add-reviewer/", add, name="auth_user_add_reviewer"), *super().get_urls()]

    def add_reviewer(self, request: HttpRequest) -> HttpResponse:
        """On GET, show the form. On POST, add the user, and show the link."""
        # As for Django's own page: adding a user with rights needs both permissions.
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        form = ReviewerForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._show_link(request, self._add(request, form))
        return self._render(request, {"title": "Add a reviewer", "form": form})

    def _add(self, request: HttpRequest, form: ReviewerForm) -> User:
        user: User = form.save(commit=False)
        user.is_staff = True
        user.set_unusable_password()
        with transaction.atomic():  # Store no user without the audit entry.
            user.save()
            user.groups.add(Group.objects.get_or_create(name=REVIEWERS)[0])
            self.log_addition(request, user, "Added as a reviewer.")
        return user

    def _show_link(self, request: HttpRequest, user: User) -> HttpResponse:
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        url = reverse("set-password", args=[uid, default_token_generator.make_token(user)])
        context = {
            "title": f"Link for {user}",
            "reviewer": user,
            "link": request.build_absolute_uri(url),
        }
        response = self._render(request, context)
        response["Cache-Control"] = "private, no-store"
        return response

    def _render(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """Render the page in the layout of the admin."""
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, "admin/auth/user/reviewer.html", {**shared, **context})

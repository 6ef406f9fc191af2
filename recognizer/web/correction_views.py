"""Correct or confirm the prediction of a drawing on *My drawings*."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from recognizer.accounts import ownership
from recognizer.api import personal
from recognizer.models import AlreadyReviewedError, Label, Submission
from recognizer.web.ui_strings import label_phrase


class CorrectionForm(forms.Form):
    """The value of the pressed button."""

    label = forms.TypedChoiceField(choices=Label.choices, coerce=lambda value: Label(int(value)))


@require_POST
def correct(request: HttpRequest, id: UUID) -> HttpResponse:
    """Store the visitor's correction, and return to the drawing in the list.

    The query string is that of the page of the list. The list shows the message at the drawing
    whose id is the message's tag.
    """
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        # Django logs this text, so it must not repeat what the client has sent.
        raise BadRequest("The field label must be a number from 0 to 10.")
    owner = ownership.current_owner(request)
    own_submissions = Submission.objects.owned_by(owner) if owner else Submission.objects.none()
    try:
        _correct(request, own_submissions.get(id=id), form.cleaned_data["label"])
    except Submission.DoesNotExist:
        messages.error(request, _describe_missing(request))
    response = redirect(f"{reverse('mine')}?{request.GET.urlencode()}#drawing-{id}")
    personal.delete_no_corrections_cookie(request, response)
    return response


def _correct(request: HttpRequest, submission: Submission, label: Label) -> None:
    tag = str(submission.pk)
    try:
        submission.correct(label)
    except AlreadyReviewedError:
        text = gettext("Not saved: a reviewer has checked this drawing meanwhile.")
        messages.error(request, text, extra_tags=tag)
    else:
        text = gettext("Thank you. Saved as %(name)s.") % {"name": label_phrase(label)}
        messages.success(request, text, extra_tags=tag)


def _describe_missing(request: HttpRequest) -> str:
    if request.user.is_authenticated:
        return gettext("Not saved: this drawing was deleted, or it belongs to another account.")
    return gettext("Not saved: this drawing was deleted, or you are logged out. Log in to see it.")

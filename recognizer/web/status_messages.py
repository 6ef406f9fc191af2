"""Sentences about the review status of a submission, for its visitor."""

from django.utils.translation import gettext as _

from recognizer.models import Status, Submission
from recognizer.serving import model_registry
from recognizer.serving.stored_pixels import is_correct
from recognizer.web.ui_strings import label_phrase


def describe_status(
    submission: Submission, live: model_registry.LoadedVersion | None, *, is_held_out: bool
) -> str:
    """Return one sentence about the submission's status.

    For an approved submission, it depends on `is_held_out`, which is about the owner. For a learned
    submission, the sentence also says whether `live` predicts it correctly, unless `live` is None
    because no version can be loaded.
    """
    if submission.status == Status.REJECTED:
        return _("Rejected: a reviewer could not use it.")
    if submission.status == Status.PENDING:
        return _describe_pending(submission)
    if submission.status == Status.APPROVED:
        return _approved_template(is_held_out) % {"name": _label_phrase_of(submission)}
    return _describe_learned(submission, live)


def _describe_pending(submission: Submission) -> str:
    if submission.corrected_digit is None:
        return _("You have not confirmed or corrected the prediction.")
    return _("Pending: waiting for a reviewer.")


def _approved_template(is_held_out: bool) -> str:
    if is_held_out:
        return _("Approved as %(name)s; used to test new versions.")
    return _("Approved as %(name)s. The next training run can use it.")


def _describe_learned(submission: Submission, live: model_registry.LoadedVersion | None) -> str:
    return _learned_template(submission, live) % {
        "name": _label_phrase_of(submission),
        "number": submission.learned_in,
        "live": live and live.number,
    }


def _learned_template(submission: Submission, live: model_registry.LoadedVersion | None) -> str:
    correct = is_correct(submission, live)
    if live is None:
        return _("Learned as %(name)s in version %(number)s.")
    if live.number == submission.learned_in:
        if correct:
            return _("Learned as %(name)s in version %(number)s, which predicts it correctly.")
        return _("Learned as %(name)s in version %(number)s, which still gets it wrong.")
    if correct:
        return _(
            "Learned as %(name)s in version %(number)s. Version %(live)s predicts it correctly."
        )
    return _("Learned as %(name)s in version %(number)s. Version %(live)s gets it wrong.")


def _label_phrase_of(submission: Submission) -> str:
    assert submission.label is not None
    return label_phrase(submission.label)

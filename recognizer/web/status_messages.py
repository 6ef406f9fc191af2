"""Sentences that tell visitors the status of their submissions."""

from django.utils.translation import gettext as _

from recognizer.models import Status, Submission
from recognizer.serving import model_registry
from recognizer.serving.prediction import is_correct
from recognizer.web.ui_strings import label_name


def describe_status(submission: Submission, live: model_registry.LoadedVersion | None) -> str:
    """Return one sentence about the submission's status.

    For a learned submission, `live` predicts again to tell whether it is correct now.
    """
    if submission.status == Status.REJECTED:
        return _("Rejected: a reviewer could not use it.")
    if submission.status == Status.PENDING:
        return _describe_pending(submission)
    if submission.status == Status.APPROVED:
        return _("Approved as %(name)s. The next training run will use it.") % {
            "name": _name(submission)
        }
    return _describe_learned(submission, live)


def _describe_pending(submission: Submission) -> str:
    if submission.corrected_digit is None:
        return _("You have not confirmed or corrected the prediction.")
    return _("Pending: waiting for a reviewer.")


def _describe_learned(submission: Submission, live: model_registry.LoadedVersion | None) -> str:
    assert submission.learned_in is not None
    return _learned_template(submission, live) % {
        "name": _name(submission),
        "number": submission.learned_in.number,
        "live": live and live.number,
    }


def _learned_template(submission: Submission, live: model_registry.LoadedVersion | None) -> str:
    correct = is_correct(submission, live)
    if live is None:
        return _("Learned as %(name)s in version %(number)s.")
    if live.pk == submission.learned_in_id:
        if correct:
            return _("Learned as %(name)s in version %(number)s, which predicts it correctly.")
        return _("Learned as %(name)s in version %(number)s, which still gets it wrong.")
    if correct:
        return _(
            "Learned as %(name)s in version %(number)s. Version %(live)s predicts it correctly."
        )
    return _("Learned as %(name)s in version %(number)s. Version %(live)s gets it wrong.")


def _name(submission: Submission) -> str:
    assert submission.label is not None
    return label_name(submission.label)

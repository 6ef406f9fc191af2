"""What has become of a submission, in words for the visitor who drew it."""

from django.utils.translation import gettext as _

from recognizer import registry
from recognizer.models import Fate, Submission
from recognizer.recognition import reads_right
from recognizer.words import named


def in_words(submission: Submission, served: registry.Served | None) -> str:
    """A sentence; `served` reads an approved drawing anew, to say whether it is read rightly."""
    if submission.fate == Fate.REJECTED:
        return _("Rejected: a reviewer could not use it.")
    if submission.fate == Fate.PENDING:
        if submission.corrected_digit is None:
            return _("You have not said what it is.")
        return _("Pending: waits for a reviewer.")
    right = reads_right(submission, served)
    if submission.fate == Fate.LEARNED:
        return _learned(submission, served, right)
    return _("Approved as %(name)s: will be learned.") % {"name": _label(submission)}


def _learned(submission: Submission, served: registry.Served | None, right: bool | None) -> str:
    number = submission.learned_in and submission.learned_in.number
    live = served and served.number
    if live is None:
        sentence = _("Learned as %(name)s in version %(number)s.")
    elif live == number and right:
        sentence = _("Learned as %(name)s in version %(number)s, which reads it right.")
    elif live == number:
        sentence = _("Learned as %(name)s in version %(number)s, which still reads it wrong.")
    elif right:
        sentence = _("Learned as %(name)s in version %(number)s. Version %(live)s reads it right.")
    else:
        sentence = _("Learned as %(name)s in version %(number)s. Version %(live)s reads it wrong.")
    return sentence % {"name": _label(submission), "number": number, "live": live}


def _label(submission: Submission) -> str:
    assert submission.label is not None
    return named(submission.label)

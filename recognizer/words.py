"""What several pages call things, for translation in one place."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from recognizer.models import Answer

# Whole phrases, because every language has its own articles.
NAMES: Final = {
    Answer.ZERO: _("a 0"),
    Answer.ONE: _("a 1"),
    Answer.TWO: _("a 2"),
    Answer.THREE: _("a 3"),
    Answer.FOUR: _("a 4"),
    Answer.FIVE: _("a 5"),
    Answer.SIX: _("a 6"),
    Answer.SEVEN: _("a 7"),
    Answer.EIGHT: _("an 8"),
    Answer.NINE: _("a 9"),
    Answer.NOT_A_DIGIT: _("not a digit"),
}


def named(answer: int) -> str:
    """As it stands in a sentence: "a 4", "not a digit"."""
    return str(NAMES[Answer(answer)])


# What static/recognizer/ says; {these} are filled in there.
DRAW_PAGE: Final = {
    "names": list(NAMES.values()),
    "empty": _("Draw one digit, or several side by side, as large as you like."),
    "reading": _("Reading …"),
    "sure": _("I read {name} — {percent} sure"),
    "likely": _("I think this is {name} — {percent} sure"),
    "likely_or": _("I think this is {name}, or else {other} — {percent} sure"),
    "perhaps": _("This might be {name} or {other} — {percent} sure"),
    "no_digit": _("no digit"),
    "not_a_digit": _("This does not look like a digit — {percent} sure"),
    "yes": _("Yes"),
    "yes_it_is": _("Yes, it’s {name}"),
    "digit_of_number": _("Digit {place}: {name}"),
    "one_by_one": _("Choose one of the digits above to correct it alone."),
    "stored": _("Stored. Your answer helps the site to learn."),
    "thanks": _("Thank you. Stored as {name}; a reviewer will look at it."),
    "lost_drawing": _("No connection. Your drawing is kept; trying again …"),
    "lost_answer": _("No connection. Your answer is kept; trying again …"),
    "busy_drawing": _("The site is busy. Your drawing is kept; trying again …"),
    "busy_answer": _("The site is busy. Your answer is kept; trying again …"),
    "no_picture": _("This is not a picture that your browser can open."),
    "pen_down": _("Pen down"),
    "pen_up": _("Pen up"),
    "cleared": _("Cleared"),
    "why_one": _("The answer hangs most on this part: {place}."),
    "why_two": _("The answer hangs most on these parts: {place}, {other}."),
    "why_none": _("No part alone decides: whichever is covered, the answer stays."),
    "places": [
        _("top left"),
        _("top"),
        _("top right"),
        _("left"),
        _("middle"),
        _("right"),
        _("bottom left"),
        _("bottom"),
        _("bottom right"),
    ],
}

"""The labels as phrases, and the texts of the draw page's scripts, marked for translation."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from recognizer.models import Label

# Whole phrases with an article, because each language has its own articles.
LABEL_PHRASES: Final = {
    Label.ZERO: _("a 0"),
    Label.ONE: _("a 1"),
    Label.TWO: _("a 2"),
    Label.THREE: _("a 3"),
    Label.FOUR: _("a 4"),
    Label.FIVE: _("a 5"),
    Label.SIX: _("a 6"),
    Label.SEVEN: _("a 7"),
    Label.EIGHT: _("an 8"),
    Label.NINE: _("a 9"),
    Label.NOT_A_DIGIT: _("not a digit"),
}


def label_phrase(label: int) -> str:
    """Return the translated phrase for a label in a sentence, such as "a 4" or "not a digit"."""
    return str(LABEL_PHRASES[Label(label)])


# The scripts of the draw page (static/recognizer/) show these texts and fill in the {placeholders}.
DRAW_PAGE_STRINGS: Final = {
    "labels": list(LABEL_PHRASES.values()),
    "empty": _("Draw one digit, or several side by side, as large as you like."),
    "predicting": _("Predicting …"),
    "sure": _("This is {name} — {percent} sure"),
    "likely": _("This is probably {name} — {percent} sure"),
    "likely_or": _("This is probably {name}, but it could be {other} — {percent} sure"),
    "unsure": _("This might be {name} or {other} — {percent} sure"),
    "several_rows": _("This picture has {count} rows of digits. Choose a number:"),
    "cut_out": _("Drag across a part of the picture to cut it out."),
    "not_a_digit": _("This does not look like a digit — {percent} sure"),
    "corrected": _("You say it is {name}. The prediction was {predicted}."),
    "yes": _("Yes"),
    "yes_it_is": _("Yes, it’s {name}"),
    "digit_at": _("Digit {place}: {name}"),
    "choose_digit": _("To correct only one digit, select it above."),
    "saved": _("Saved. If the prediction is wrong, correct it: that helps the site learn."),
    "thanks": _("Thank you. Saved as {name}. A reviewer will check it."),
    "learned": _(
        "Thanks. I’ll read that as {name} for you from now on; "
        "a reviewer decides whether it helps everybody."
    ),
    "learned_not_a_digit": _(
        "Thanks. I’ll no longer read that as a digit for you; "
        "a reviewer decides whether it helps everybody."
    ),
    "remembered": _(
        "Thanks. Saved as {name}. I’ll keep it in mind for you; "
        "a reviewer decides if it helps everybody."
    ),
    "remembered_not_a_digit": _(
        "Thanks. Saved as “not a digit”. I’ll keep it in mind for you; "
        "a reviewer decides if it helps everybody."
    ),
    "taught": _("I read {name}. You taught me: it looks like these."),
    "taught_not_a_digit": _("I read no digit. You taught me: it looks like these."),
    "alike": _("It looks like these drawings of yours:"),
    "own_drawing": _("One of your drawings"),
    "no_preview": _("No preview"),
    "incomplete": _("The end of this file is missing. The site has read the rest."),
    "refused": _("The site did not save this. Reload the page."),
    "offline_drawing": _("No connection. Your drawing is kept. Trying again …"),
    "offline_correction": _("No connection. Your correction is kept. Trying again …"),
    "busy_drawing": _("The site is busy. Your drawing is kept. Trying again …"),
    "busy_correction": _("The site is busy. Your correction is kept. Trying again …"),
    "not_an_image": _(
        "This file is not a supported image. Send a PNG, JPEG, WebP, GIF, HEIC or AVIF image."
    ),
    "pen_down": _("Pen down"),
    "pen_up": _("Pen up"),
    "cleared": _("Cleared"),
    "explain_one": _("This part matters most: {place}."),
    "explain_two": _("These parts matter most: {place}, {other}."),
    "explain_none": _(
        "No single part is decisive: covering any one of them does not change the prediction."
    ),
    "regions": [
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

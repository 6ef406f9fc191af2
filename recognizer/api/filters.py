"""Filter the list of submissions by query parameters."""

from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from recognizer.models import (
    CORRECTION_DISAGREES,
    NO_DISAGREEING_CORRECTION,
    Label,
    ModelVersion,
    Review,
    Source,
    Submission,
    SubmissionQuerySet,
)

# The largest number that PostgreSQL's integer column can be compared with.
MAX_VERSION_NUMBER: Final = 2**31 - 1
# URLs name labels as JSON does: 0 to 9, or null for "not a digit".
LABEL_CHOICES = [
    *((str(label.value), label.label) for label in Label if label != Label.NOT_A_DIGIT),
    ("null", Label.NOT_A_DIGIT.label),
]


@extend_schema_field({"type": "string", "enum": [value for value, _ in LABEL_CHOICES]})
class LabelFilter(filters.ChoiceFilter):
    """Filter by a label, `0` to `9` or `null`."""

    def __init__(self, field_name: str) -> None:
        # The null value of ChoiceFilter would match rows without a label.
        super().__init__(field_name=field_name, choices=LABEL_CHOICES, null_value=None)

    def filter(self, qs: SubmissionQuerySet, value: str) -> SubmissionQuerySet:
        """Return the rows with the label, or all rows without a value."""
        if not value:
            return qs
        label = Label.NOT_A_DIGIT if value == "null" else Label(int(value))
        return qs.filter(**{self.field_name: label})


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_VERSION_NUMBER})
class NumberFilter(filters.NumberFilter):
    """Filter by a whole number. The class of django-filter also accepts decimals."""

    field_class = forms.IntegerField


class UTCDateTimeField(IsoDateTimeField):
    """Convert dates to UTC, because PostgreSQL rejects some offsets that Python accepts."""

    def clean(self, value: Any) -> datetime | None:
        """Return the date in UTC. Raise `ValidationError`."""
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        # Converted to UTC, the date would be before year 1 or after year 9999.
        except OverflowError as error:
            raise forms.ValidationError(_("Must be a valid date.")) from error


class UTCDateTimeFilter(filters.IsoDateTimeFilter):
    """Filter by a date with time, in ISO 8601."""

    field_class = UTCDateTimeField


@extend_schema_field({"type": "boolean"})
class BooleanFilter(filters.TypedChoiceFilter):
    """Filter by `true` or `false`. The class of django-filter also accepts other values."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("true", "yes"), ("false", "no")]
        super().__init__(choices=choices, coerce=lambda value: value == "true", **kwargs)


class NonEmptyFilterForm(forms.Form):
    """Reject empty values such as `?digit=`. The form of django-filter ignores them."""

    def clean(self) -> dict[str, Any]:
        """Add an error to each empty parameter."""
        for name in self.fields:
            if self.data.get(name) == "":
                self.add_error(name, _("Must not be empty."))
        return super().clean() or {}


def filterable(submissions: SubmissionQuerySet, *, by_owner: bool) -> SubmissionQuerySet:
    """Return the rows with the aliases that `SubmissionFilter` filters.

    With `by_owner`, the rows belong to one owner. Coalesce then keeps SQLite from using the indexes
    of the filtered columns. Without it, SQLite would read all rows of all owners that match the
    filter, instead of the few rows of the owner.
    """
    return submissions.alias(
        **{
            f"the_{name}": Coalesce(name, name) if by_owner else F(name)
            for name in ("label", "review", "source", "model_version")
        }
    )


class SubmissionFilter(filters.FilterSet):
    """Filter rows that `filterable` has returned."""

    digit = LabelFilter("predicted_digit")
    corrected_digit = LabelFilter("corrected_digit")
    label = LabelFilter("the_label")
    review = filters.ChoiceFilter(field_name="the_review", choices=Review.choices)
    source = filters.ChoiceFilter(field_name="the_source", choices=Source.choices)
    model_version = NumberFilter(method="by_version", min_value=1, max_value=MAX_VERSION_NUMBER)
    created_after = UTCDateTimeFilter(field_name="created", lookup_expr="gte")
    created_before = UTCDateTimeFilter(field_name="created", lookup_expr="lt")
    disagrees = BooleanFilter(
        method="by_disagreement", help_text="Whether the correction differs from the prediction."
    )

    class Meta:
        model = Submission
        form = NonEmptyFilterForm
        fields: tuple[str, ...] = ()

    def by_disagreement(self, qs: SubmissionQuerySet, name: str, value: bool) -> SubmissionQuerySet:
        """Return the rows with a disagreeing correction, or all the others."""
        return qs.filter(CORRECTION_DISAGREES if value else NO_DISAGREEING_CORRECTION)

    def by_version(self, qs: SubmissionQuerySet, name: str, value: int) -> SubmissionQuerySet:
        """Return the rows that the version with this number predicted."""
        # A subquery instead of a join lets the database read the newest rows from the index.
        version = ModelVersion.objects.filter(number=value).values("pk")[:1]
        return qs.filter(the_model_version=Subquery(version))  # type: ignore[misc]  # an alias

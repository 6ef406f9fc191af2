"""Filter the list of submissions by query parameters."""

from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django.db.models import F, PositiveSmallIntegerField, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from recognizer.models import (
    Label,
    ModelVersion,
    Review,
    Source,
    Status,
    Submission,
    SubmissionQuerySet,
)

# PostgreSQL raises an error if an integer column is compared with a larger number.
MAX_VERSION_NUMBER: Final = 2**31 - 1
# Query parameters use the same values as JSON: 0 to 9, or null for "not a digit".
LABEL_CHOICES = [
    *((str(label.value), label.label) for label in Label if label != Label.NOT_A_DIGIT),
    ("null", Label.NOT_A_DIGIT.label),
]


@extend_schema_field({"type": "string", "enum": [value for value, _ in LABEL_CHOICES]})
class LabelFilter(filters.ChoiceFilter):
    """Filter by a label, `0` to `9` or `null`."""

    def __init__(self, field_name: str) -> None:
        # By default, ChoiceFilter takes `null` for SQL's NULL and returns rows without a label.
        super().__init__(field_name=field_name, choices=LABEL_CHOICES, null_value=None)

    def filter(self, qs: SubmissionQuerySet, value: str) -> SubmissionQuerySet:
        """Return the rows with the label `value`, or all rows if `value` is empty."""
        if not value:
            return qs
        label = Label.NOT_A_DIGIT if value == "null" else Label(int(value))
        return qs.filter(**{self.field_name: label})


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_VERSION_NUMBER})
class NumberFilter(filters.NumberFilter):
    """Filter by a whole number. The class in django-filter also accepts decimals."""

    field_class = forms.IntegerField


class UTCDateTimeField(IsoDateTimeField):
    """Convert times to UTC, because PostgreSQL rejects some offsets that Python accepts."""

    def clean(self, value: Any) -> datetime | None:
        """Return the time in UTC, or None for an empty value.

        Raises `ValidationError` for an invalid date or time.
        """
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        # In UTC, the time would be before year 1 or after year 9999.
        except OverflowError as error:
            raise forms.ValidationError(_("Must be a valid date.")) from error


class UTCDateTimeFilter(filters.IsoDateTimeFilter):
    """Filter by a date and time in ISO 8601."""

    field_class = UTCDateTimeField


@extend_schema_field({"type": "boolean"})
class BooleanFilter(filters.TypedChoiceFilter):
    """Filter by `true` or `false`. The class in django-filter also accepts other values."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("true", "yes"), ("false", "no")]
        super().__init__(choices=choices, coerce=lambda value: value == "true", **kwargs)


class NonEmptyFilterForm(forms.Form):
    """Reject empty values such as `?digit=`, which django-filter ignores by default."""

    def clean(self) -> dict[str, Any]:
        """Add an error to each empty parameter."""
        for name in self.fields:
            if self.data.get(name) == "":
                self.add_error(name, _("Must not be empty."))
        return super().clean() or {}


def with_filter_aliases(
    submissions: SubmissionQuerySet, *, has_one_owner: bool
) -> SubmissionQuerySet:
    """Add the aliases by which `SubmissionFilter` filters.

    Set `has_one_owner` if all rows belong to one owner. SQLite should then use the index of the
    owner and read only the owner's few rows. Coalesce hides the filtered columns from SQLite, which
    would otherwise use their indexes and read the matching rows of all owners.
    """
    personal_label = Cast(KT("personal_prediction__label"), PositiveSmallIntegerField())
    return submissions.alias(
        filter_digit=Coalesce(personal_label, "predicted_digit"),
        **{
            f"filter_{name}": Coalesce(name, name) if has_one_owner else F(name)
            for name in ("label", "review", "source", "model_version")
        },
    )


class SubmissionFilter(filters.FilterSet):
    """Filter a queryset that has the aliases of `with_filter_aliases`."""

    digit = LabelFilter("filter_digit")
    corrected_digit = LabelFilter("corrected_digit")
    label = LabelFilter("filter_label")
    review = filters.ChoiceFilter(field_name="filter_review", choices=Review.choices)
    status = filters.ChoiceFilter(method="filter_by_status", choices=Status.choices)
    source = filters.ChoiceFilter(field_name="filter_source", choices=Source.choices)
    model_version = NumberFilter(
        method="filter_by_version", min_value=1, max_value=MAX_VERSION_NUMBER
    )
    created_after = UTCDateTimeFilter(field_name="created", lookup_expr="gte")
    created_before = UTCDateTimeFilter(field_name="created", lookup_expr="lt")
    disagrees = BooleanFilter(
        method="filter_by_disagreement",
        help_text="Whether the correction differs from the prediction that the visitor saw.",
    )

    class Meta:
        model = Submission
        form = NonEmptyFilterForm
        fields: tuple[str, ...] = ()

    def filter_by_disagreement(
        self, qs: SubmissionQuerySet, name: str, value: bool
    ) -> SubmissionQuerySet:
        """Return the rows whose correction differs from the shown prediction, or all other rows."""
        is_confirmed = Q(corrected_digit=F("filter_digit"))
        if value:
            return qs.corrected().exclude(is_confirmed)
        return qs.filter(is_confirmed | Q(corrected_digit__isnull=True))

    def filter_by_status(self, qs: SubmissionQuerySet, name: str, value: str) -> SubmissionQuerySet:
        """Return the rows with this status. The queryset has the annotation `learned_in`."""
        if value in (Status.PENDING, Status.REJECTED):
            return qs.filter(filter_review=value)  # type: ignore[misc]
        is_learned = value == Status.LEARNED
        return qs.filter(filter_review=Review.APPROVED, learned_in__isnull=not is_learned)  # type: ignore[misc]

    def filter_by_version(
        self, qs: SubmissionQuerySet, name: str, value: int
    ) -> SubmissionQuerySet:
        """Return the rows that were predicted by the version with this number."""
        # The index on version and time gives the newest rows of one version in order. With a join,
        # the database would sort all matching rows instead.
        version = ModelVersion.objects.filter(number=value).values("pk")[:1]
        # mypy does not know the aliases of a queryset.
        return qs.filter(filter_model_version=Subquery(version))  # type: ignore[misc]

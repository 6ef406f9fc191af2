"""What an answer can be narrowed to: which submissions, which fields."""

from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from recognizer.models import (
    CONTRADICTED,
    NOT_CONTRADICTED,
    Answer,
    ModelVersion,
    Review,
    Source,
    Submission,
    SubmissionQuerySet,
)

MAX_NUMBER: Final = 2**31 - 1
# In a URL as in JSON: 0 to 9, or null for "not a digit".
ANSWERS = [(str(answer.value), answer.label) for answer in Answer if answer != Answer.NOT_A_DIGIT]
ANSWERS.append(("null", Answer.NOT_A_DIGIT.label))


@extend_schema_field({"type": "string", "enum": [value for value, _ in ANSWERS]})
class AnswerFilter(filters.ChoiceFilter):
    def __init__(self, field_name: str) -> None:
        # The null of ChoiceFilter itself would mean: no value stored.
        super().__init__(field_name=field_name, choices=ANSWERS, null_value=None)

    def filter(self, qs: SubmissionQuerySet, value: str) -> SubmissionQuerySet:
        if not value:
            return qs
        answer = Answer.NOT_A_DIGIT if value == "null" else Answer(int(value))
        return qs.filter(**{self.field_name: answer})


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MAX_NUMBER})
class NumberFilter(filters.NumberFilter):
    field_class = forms.IntegerField


class MomentField(IsoDateTimeField):
    """In UTC: PostgreSQL refuses offsets that Python takes, and years before 1 are none."""

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError("Must be a date that exists.") from error


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


@extend_schema_field({"type": "boolean"})
class BooleanFilter(filters.TypedChoiceFilter):
    """`true` or `false`, where django-filter's own takes anything."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("true", "yes"), ("false", "no")]
        super().__init__(choices=choices, coerce=lambda value: value == "true", **kwargs)


class NothingEmpty(forms.Form):
    """`?digit=` is refused, where django-filter's own form ignores it."""

    def clean(self) -> dict[str, Any]:
        for name in self.fields:
            if self.data.get(name) == "":
                self.add_error(name, _("Must not be empty."))
        return super().clean() or {}


def filterable(rows: SubmissionQuerySet, *, by_owner: bool) -> SubmissionQuerySet:
    """Rows that `SubmissionFilter` can narrow, those of one owner `by_owner`.

    Those are found by their owner alone: SQLite, which knows nothing of how many rows there are of
    what, would rather look through all that anybody drew with the label that is asked for.
    """
    return rows.alias(
        **{
            f"the_{name}": Coalesce(name, name) if by_owner else F(name)
            for name in ("label", "review", "source", "model_version")
        }
    )


class SubmissionFilter(filters.FilterSet):
    """Of rows that are `filterable`."""

    digit = AnswerFilter("predicted_digit")
    corrected_digit = AnswerFilter("corrected_digit")
    label = AnswerFilter("the_label")
    review = filters.ChoiceFilter(field_name="the_review", choices=Review.choices)
    source = filters.ChoiceFilter(field_name="the_source", choices=Source.choices)
    model_version = NumberFilter(method="by_version", min_value=1, max_value=MAX_NUMBER)
    created_after = MomentFilter(field_name="created", lookup_expr="gte")
    created_before = MomentFilter(field_name="created", lookup_expr="lt")
    disagrees = BooleanFilter(
        method="by_disagreement", help_text="Only those whose visitor said something else."
    )

    class Meta:
        model = Submission
        form = NothingEmpty
        fields: tuple[str, ...] = ()

    def by_disagreement(self, qs: SubmissionQuerySet, name: str, value: bool) -> SubmissionQuerySet:
        return qs.filter(CONTRADICTED if value else NOT_CONTRADICTED)

    def by_version(self, qs: SubmissionQuerySet, name: str, value: int) -> SubmissionQuerySet:
        # One value rather than a join: then the index brings its newest first.
        version = ModelVersion.objects.filter(number=value).values("pk")[:1]
        return qs.filter(the_model_version=Subquery(version))  # type: ignore[misc]  # an alias


class ChecksFields:
    """Refuses unknown names in `?fields=` before anything is done, and for empty lists too."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if "fields" in request.query_params:
            _ = self.get_serializer().fields  # type: ignore[attr-defined]

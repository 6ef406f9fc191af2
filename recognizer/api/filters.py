"""What a list of submissions can be narrowed to."""

from django_filters import rest_framework as filters

from recognizer.models import Answer, Review, Source, Submission, SubmissionQuerySet

# In a URL as in JSON: 0 to 9, or null for "not a digit".
ANSWERS = [(str(answer.value), answer.label) for answer in Answer if answer != Answer.NOT_A_DIGIT]
ANSWERS.append(("null", Answer.NOT_A_DIGIT.label))


class AnswerFilter(filters.ChoiceFilter):
    def __init__(self, field_name: str) -> None:
        # The null of ChoiceFilter itself would mean: no value stored.
        super().__init__(field_name=field_name, choices=ANSWERS, null_value=None)

    def filter(self, qs: SubmissionQuerySet, value: str) -> SubmissionQuerySet:
        if not value:
            return qs
        answer = Answer.NOT_A_DIGIT if value == "null" else Answer(int(value))
        return qs.filter(**{self.field_name: answer})


class SubmissionFilter(filters.FilterSet):
    digit = AnswerFilter("predicted_digit")
    corrected_digit = AnswerFilter("corrected_digit")
    label = AnswerFilter("label")
    review = filters.ChoiceFilter(choices=Review.choices)
    source = filters.ChoiceFilter(choices=Source.choices)
    model_version = filters.NumberFilter(field_name="model_version__number", min_value=1)
    created_after = filters.IsoDateTimeFilter(field_name="created", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created", lookup_expr="lt")
    disagrees = filters.BooleanFilter(
        method="by_disagreement", help_text="Only those whose visitor said something else."
    )

    class Meta:
        model = Submission
        fields: tuple[str, ...] = ()

    def by_disagreement(self, qs: SubmissionQuerySet, name: str, value: bool) -> SubmissionQuerySet:
        disagreeing = Submission.objects.disagreeing()
        return qs.filter(pk__in=disagreeing) if value else qs.exclude(pk__in=disagreeing)

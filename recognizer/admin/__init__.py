"""The admin pages for submissions, model versions, training runs, API keys and the audit trail."""

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.db import transaction

from recognizer.admin.api_keys import ApiKeyAdmin, AuditTrailAdmin
from recognizer.admin.model_versions import ModelVersionAdmin
from recognizer.admin.submissions import SubmissionAdmin
from recognizer.admin.training_runs import TrainingRunAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditTrailAdmin",
    "ModelVersionAdmin",
    "SubmissionAdmin",
    "TrainingRunAdmin",
]

# Django's action is not one transaction, so a deletion and its audit entry could differ.
admin.site.add_action(transaction.atomic(delete_selected), "delete_selected")

"""The admin pages for submissions, model versions, training runs, API keys and the audit trail."""

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction

from recognizer.admin.api_keys import ApiKeyAdmin, AuditTrailAdmin
from recognizer.admin.base import ValidatedLookupAdmin
from recognizer.admin.model_versions import ModelVersionAdmin
from recognizer.admin.reviewers import ReviewerAdmin
from recognizer.admin.submissions import SubmissionAdmin
from recognizer.admin.training_runs import TrainingRunAdmin
from recognizer.admin.user_deletion import UserDeletionAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditTrailAdmin",
    "ModelVersionAdmin",
    "SubmissionAdmin",
    "TrainingRunAdmin",
]

# Django's action is not one transaction, so a deletion and its audit entry could differ.
admin.site.add_action(transaction.atomic(delete_selected), "delete_selected")


class CustomUserAdmin(ValidatedLookupAdmin, UserDeletionAdmin, ReviewerAdmin):
    """Django's admin for users: it can add a reviewer, and deletes a user's drawings, too."""


class CustomGroupAdmin(ValidatedLookupAdmin, GroupAdmin):
    """Django's admin for groups."""


for model, model_admin in ((User, CustomUserAdmin), (Group, CustomGroupAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, model_admin)

"""The admin's pages: submissions are reviewed, model versions looked at, retrainings started."""

from django.contrib import admin
from django_tasks_db.models import DBTaskResult

from recognizer.admin.keys import AuditTrailAdmin, KeyAdmin
from recognizer.admin.runs import TrainingRunAdmin
from recognizer.admin.submissions import SubmissionAdmin
from recognizer.admin.versions import ModelVersionAdmin

__all__ = [
    "AuditTrailAdmin",
    "KeyAdmin",
    "ModelVersionAdmin",
    "SubmissionAdmin",
    "TrainingRunAdmin",
]

# The queue behind the training runs: whoever looks for a retraining looks there.
admin.site.unregister(DBTaskResult)

"""The admin's pages: where submissions are reviewed, and model versions looked at."""

from recognizer.admin.submissions import SubmissionAdmin
from recognizer.admin.versions import ModelVersionAdmin

__all__ = ["ModelVersionAdmin", "SubmissionAdmin"]

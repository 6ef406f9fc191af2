"""An admin page that exports the approved drawings and downloads them as a ZIP file."""

from typing import Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from recognizer.datasets import DatasetError, archive
from recognizer.datasets.exporter import ExportSelection
from recognizer.models import Label

# The use of each format. `docs/datasets.md` shows how to load them.
FORMAT_CHOICES: Final = (
    ("npz", "NPZ: mnist.npz, for NumPy and Keras"),
    ("csv", "CSV: train.csv and test.csv, for pandas"),
    ("idx", "IDX: the files of MNIST, for torchvision"),
    ("png", "PNG: one image per drawing, in one folder per label"),
    ("ndjson", "NDJSON: with the original images, strokes and pseudonyms of the owners"),
)


class DownloadForm(forms.Form):
    """The format, and whether drawings that are not a digit are included."""

    format = forms.ChoiceField(choices=FORMAT_CHOICES, widget=forms.RadioSelect, initial="npz")
    not_a_digit = forms.BooleanField(
        required=False,
        label="Include drawings that are not a digit",
        label_suffix="",
        help_text="Their label is 10, or null in NDJSON and PNG.",
    )


class DatasetDownloadAdmin(admin.ModelAdmin):
    """Add the page `download/` to the admin of submissions."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_dataset)
        url = path("download/", view, name="recognizer_submission_download")
        return [url, *super().get_urls()]

    def download_dataset(self, request: HttpRequest) -> HttpResponseBase:
        """On GET, show the form. On POST, send the dataset, which leaves no file behind."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = DownloadForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self._send(request, **form.cleaned_data)
            except (DatasetError, OSError) as error:
                self.message_user(request, f"{error} Nothing was exported.", messages.ERROR)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Download dataset",
            "form": form,
        }
        template = "admin/recognizer/submission/download.html"
        return TemplateResponse(request, template, context)

    def _send(self, request: HttpRequest, format: str, not_a_digit: bool) -> FileResponse:
        labels = [label for label in Label if not_a_digit or label != Label.NOT_A_DIGIT]
        file = archive.export_zip(format, ExportSelection(labels), by=request.user)
        name = f"digits-{format}-{timezone.now():%Y-%m-%d}.zip"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")

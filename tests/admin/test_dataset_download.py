"""Downloading the dataset in the admin."""

import io
import json
import zipfile

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from recognizer.datasets.formats import FORMATS
from recognizer.models import Label
from tests.support.factories import Visitor, drawing_png

pytestmark = pytest.mark.database

URL = "/admin/recognizer/submission/download/"


@pytest.fixture
def approved(reviewer):
    for digit in range(3):
        Visitor().submit_and_get(drawing_png(digit)).approve(reviewer, Label(digit))
    Visitor().submit_and_get(drawing_png(5)).approve(reviewer, Label.NOT_A_DIGIT)
    Visitor().submit_and_get(drawing_png(9), digit=9)


def staff(django_user_model, *codenames):
    user = django_user_model.objects.create_user("carl", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Visitor()
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", list(FORMATS))
def test_downloads_the_approved_digits(approved, reviewer_client, tmp_path, settings, name):
    response = reviewer_client.post(URL, {"format": name})
    assert response.headers["Content-Disposition"].startswith(
        f'attachment; filename="digits-{name}'
    )
    assert response.streaming
    content = b"".join(response.streaming_content)
    assert int(response.headers["Content-Length"]) == len(content)
    assert not list(settings.DATA_DIR.glob("tmp*/"))
    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path / "unpacked")
    folder = tmp_path / "unpacked" / "dataset"
    assert sorted(row.label for row in FORMATS[name].read(folder)) == [0, 1, 2]
    assert json.loads((folder / "card.json").read_text())["total"] == 3
    assert LogEntry.objects.latest("pk").change_message == f"Exported 3 drawings as {name}."


def test_includes_drawings_that_are_not_a_digit(approved, reviewer_client, tmp_path):
    response = reviewer_client.post(URL, {"format": "csv", "not_a_digit": "on"})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    lines = [line for name in ("train", "test") for line in archive.open(f"dataset/{name}.csv")]
    assert len(lines) == 2 + 4


def test_list_of_submissions_links_to_it(db, reviewer_client):
    assert URL in reviewer_client.get("/admin/recognizer/submission/").content.decode()
    assert "for NumPy and Keras" in reviewer_client.get(URL).content.decode()


def test_permission_to_view_suffices(approved, django_user_model):
    assert staff(django_user_model, "view_submission").post(URL, {"format": "npz"}).streaming


def test_staff_without_permission_get_403(approved, django_user_model):
    client = staff(django_user_model)
    assert client.get(URL).status_code == client.post(URL, {"format": "npz"}).status_code == 403


def test_rejects_an_unknown_format(db, reviewer_client):
    html = reviewer_client.post(URL, {"format": "exe"}).content.decode()
    assert "errorlist" in html


def test_full_disk_is_reported(approved, reviewer_client, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "missing"
    html = reviewer_client.post(URL, {"format": "npz"}).content.decode()
    assert "Nothing was exported." in html

"""The site in English, Spanish, French and Chinese: translations and choice of language."""

import os
import re
import shutil
import string
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import polib
import pytest
from django.conf import settings
from django.urls import path
from django.utils import translation

from digitsite import urls
from recognizer.api.exceptions import BAD_IMAGE_MESSAGES
from recognizer.web.ui_strings import DRAW_PAGE_STRINGS
from tests.support.factories import Visitor, png
from tests.support.live_site import ROOT
from tests.support.review_helpers import doubtful_labels, submissions

FOLDERS = {"es": "es", "fr": "fr", "zh-hans": "zh_Hans"}
# Accept-Language, the heading of the draw page, and the error for an empty image.
LANGUAGES = {
    "en": ("en-GB,en;q=0.8", "Draw a digit", "The image is blank."),
    "es": ("es-MX,es;q=0.9,en;q=0.5", "Dibuja un dígito", "La imagen está en blanco"),
    "fr": ("fr-CA,fr;q=0.9,en;q=0.5", "Dessinez un chiffre", "L’image est vide"),
    "zh-hans": ("zh-CN,zh;q=0.9,en;q=0.5", "写一个数字", "图片是空的"),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|{\w+}|</?\w+")
# Names, keyboard keys and API terms are the same in every language.
NAMES = {"digitsite", "API", "JavaScript", "Cookie", "Reviewers", "rosa", "Esc", "Shift"}
NAMES |= {"English", "Español", "Français", "MNIST", "read", "submit", "review"}


@pytest.fixture(autouse=True)
def _reset_language():
    yield
    translation.deactivate()


@pytest.fixture(params=FOLDERS)
def po(request):
    return polib.pofile(folder(request.param) / "django.po")


def folder(language):
    return ROOT / "locale" / FOLDERS[language] / "LC_MESSAGES"


def translations(entry):
    """Return pairs of an original text and its translation."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    return [(entry.msgid_plural, form) for form in entry.msgstr_plural.values()]


def ids(po):
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in po}


def client_for(language, client=None):
    client = client or Visitor()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = LANGUAGES[language][0]
    return client


# ---- Translation files ----
def test_all_texts_are_translated(po):
    assert len(po) > 250
    assert [entry.msgid for entry in po if entry.fuzzy or entry.obsolete] == []
    assert [
        entry.msgid for entry in po for _, text in translations(entry) if not text.strip()
    ] == []


def test_all_plural_forms_are_translated(po):
    forms = int(re.match(r"nplurals=(\d)", po.metadata["Plural-Forms"])[1])
    plurals = [entry for entry in po if entry.msgid_plural]
    assert plurals
    assert {len(entry.msgstr_plural) for entry in plurals} == {forms}


def test_translations_keep_placeholders_and_tags(po):
    def markup(text):
        return sorted(PLACEHOLDER.findall(text))

    changed = [
        text
        for entry in po
        for original, text in translations(entry)
        # A singular such as "one drawing" needs no number.
        if markup(text) not in (markup(original), entry.msgid_plural and markup(entry.msgid))
    ]
    assert changed == []


@pytest.mark.parametrize("language", FOLDERS)
def test_compiled_files_match_translations(language):
    translated = polib.pofile(folder(language) / "django.po")
    compiled = polib.mofile(folder(language) / "django.mo")
    assert ids(compiled) == ids(translated)
    assert {text for entry in compiled for text in translations(entry)} == {
        text for entry in translated for text in translations(entry)
    }


def test_translation_files_have_all_texts(tmp_path):
    """Run makemessages on a copy and compare the result."""
    if not shutil.which("xgettext"):
        pytest.skip("left out: needs gettext (on Debian: apt-get install gettext)")
    for name in ("digitsite", "recognizer", "templates", "locale"):
        shutil.copytree(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "django", "makemessages", "--all", "--no-obsolete"]
    environment = {
        key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"
    }
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in FOLDERS.values():
        found = polib.pofile(tmp_path / "locale" / name / "LC_MESSAGES" / "django.po")
        committed = polib.pofile(ROOT / "locale" / name / "LC_MESSAGES" / "django.po")
        assert ids(found) == ids(committed)


def test_all_image_errors_have_translatable_messages():
    """`ml` raises errors in English with a code. The site translates them by the code."""
    sources = [*(ROOT / "ml").rglob("*.py"), ROOT / "recognizer/api/fields.py"]
    raised = re.compile(r'raise BadImageError\(\s*"(\w+)"')
    codes = {code for source in sources for code in raised.findall(source.read_text())}
    assert codes == set(BAD_IMAGE_MESSAGES)


# ---- Choice of language ----
@pytest.mark.parametrize("language", LANGUAGES)
def test_page_is_in_language_of_browser(db, language):
    page = client_for(language).get("/")
    assert page["Content-Language"] == language
    text = page.content.decode()
    assert f'<html lang="{language}">' in text
    assert f"<h1>{LANGUAGES[language][1]}</h1>" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_api_error_is_translated_and_keeps_code(db, language):
    blank = png(np.full((50, 50), 255, np.uint8))
    body = client_for(language).recognize(blank).json()
    assert body["code"] == "blank_image"
    assert body["detail"].startswith(LANGUAGES[language][2])


def test_field_errors_are_translated(db):
    body = client_for("fr").submit(strokes="no").json()
    assert body["detail"] == "La requête n’est pas valide."
    (error,) = body["fields"]["strokes"]
    assert "au plus 200 traits et 2000 points" in error


def test_unknown_language_gets_english(db):
    page = Visitor(headers={"Accept-Language": "tlh,ja;q=0.5"}).get("/")
    assert page["Content-Language"] == "en"


def test_chosen_language_is_remembered(visitor):
    page = visitor.post("/language/", {"language": "fr", "next": "/mine/"})
    assert (page.status_code, page["Location"]) == (302, "/mine/")
    cookie = visitor.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie["max-age"] >= 180 * 24 * 60 * 60
    for _ in range(2):
        page = client_for("es", visitor).get("/mine/")
        assert page["Content-Language"] == "fr"
    assert re.search(r'lang="fr" aria-current="true">Français</button>', page.content.decode())


@pytest.mark.parametrize("choice", ["tlh", "", "../fr"])
def test_ignores_choice_of_unknown_language(visitor, choice):
    visitor.post("/language/", {"language": choice, "next": "/"})
    assert client_for("es", visitor).get("/")["Content-Language"] == "es"


def test_choice_does_not_redirect_to_other_sites(visitor):
    page = visitor.post("/language/", {"language": "fr", "next": "https://evil.example/"})
    assert page["Location"] == "/"


def test_choice_requires_csrf_token(db):
    client = Visitor(enforce_csrf_checks=True)
    assert client.post("/language/", {"language": "fr"}).status_code == 403


# ---- Untranslated texts: in Chinese pages, Latin letters reveal them ----
class VisibleText(HTMLParser):
    """Collect the texts of a page that people see or hear."""

    def __init__(self, html):
        super().__init__()
        self.texts, self.inside = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)
        self.texts += [
            value
            for name, value in attrs
            if name in ("aria-label", "alt", "title", "placeholder", "content") and value
        ]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style", "code", "time"} & set(self.inside):
            self.texts.append(data)

    def latin_words(self):
        words = re.findall(r"[A-Za-zÀ-ÿ]{2,}", " ".join(self.texts))
        return set(words) - NAMES - {"width", "device", "initial", "scale", "light", "dark"}


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/mine/",
        "/how-it-learns/",
        "/keys/",
        "/nowhere/",
        "/review/",
        "/review/bulk/7/",
        "/review/doubtful/",
        "/review/dashboard/",
        "/review/dashboard/next-training/",
        "/review/agreement/",
    ],
)
@pytest.mark.parametrize("empty", [True, False])
def test_page_has_no_english(reviewer_client, url, empty):
    if not empty:
        submissions(3)
        submissions(2, corrected_digit=1)
        doubtful_labels(2)
        reviewer_client.submit_and_get(digit=7)
    page = client_for("zh-hans", reviewer_client).get(url)
    assert page.status_code == (404 if url == "/nowhere/" else 200)
    assert VisibleText(page.content.decode()).latin_words() == set()


def test_login_page_has_no_english(visitor):
    assert (
        VisibleText(client_for("zh-hans", visitor).get("/login/").content.decode()).latin_words()
        == set()
    )


def test_lockout_page_has_no_english(visitor):
    pages = [client_for("zh-hans", visitor).post("/login/", {"username": "x", "password": "y"})]
    while pages[-1].status_code == 200:
        pages.append(visitor.post("/login/", {"username": "x", "password": "y"}))
    assert VisibleText(pages[-1].content.decode()).latin_words() == set()


def test_new_key_page_has_no_english(reviewer_client):
    body = {"name": "7", "scopes": ["read"], "lifetime": "30"}
    page = client_for("zh-hans", reviewer_client).post("/keys/", body)
    assert VisibleText(page.content.decode()).latin_words() == set()


def test_script_texts_have_no_english(reviewer_client):
    client_for("zh-hans", reviewer_client).get("/")
    groups = [value if isinstance(value, list) else [value] for value in DRAW_PAGE_STRINGS.values()]
    texts = [str(text) for group in groups for text in group]
    assert "写" in "".join(texts)
    names = r"{\w+}|PNG|JPEG|WebP|GIF|HEIC|AVIF"
    assert not [text for text in texts if re.search("[A-Za-z]", re.sub(names, "", text))]


def test_review_cards_are_translated(reviewer_client):
    submissions(1, corrected_digit=1)
    body = client_for("zh-hans", reviewer_client).post("/review/claim/").json()
    (card,) = body["cards"]
    assert card["choices"]
    for text in (card["summary"], *card["notes"], *(each["text"] for each in card["choices"])):
        assert not set(text) & set(string.ascii_letters)


def test_server_error_is_translated(db, settings):
    settings.ROOT_URLCONF = __name__
    client = client_for("zh-hans", Visitor(raise_request_exception=False))
    assert VisibleText(client.get("/broken/").content.decode()).latin_words() == set()
    detail = client.get("/api/v1/broken/").json()["detail"]
    assert detail == "内部错误，已记入日志。"


def broken(request):
    raise ZeroDivisionError


urlpatterns = [path("broken/", broken), path("api/v1/broken/", broken), *urls.urlpatterns]
handler500 = urls.handler500

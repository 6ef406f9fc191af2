"""English, Spanish, French and Simplified Chinese: all of it, as the browser asks or as chosen."""

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
from desk import submissions
from django.conf import settings
from django.urls import path
from django.utils import translation
from kit import Visitor, png
from site_under_test import ROOT

from digitsite import urls
from recognizer.api.errors import BAD_IMAGES
from recognizer.words import DRAW_PAGE

FOLDERS = {"es": "es", "fr": "fr", "zh-hans": "zh_Hans"}
# What a browser sends, the heading of the draw page, and why an empty picture is refused.
ASKED = {
    "en": ("en-GB,en;q=0.8", "Draw a digit", "The picture is empty: there is no ink on it."),
    "es": ("es-MX,es;q=0.9,en;q=0.5", "Dibuja un dígito", "La imagen está vacía: no hay tinta"),
    "fr": ("fr-CA,fr;q=0.9,en;q=0.5", "Dessinez un chiffre", "L’image est vide"),
    "zh-hans": ("zh-CN,zh;q=0.9,en;q=0.5", "写一个数字", "图片是空的"),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|{\w+}|</?\w+")
# Names, keys of a keyboard and of the API, which are the same everywhere.
NAMES = {"digitsite", "API", "JavaScript", "Cookie", "Reviewers", "rosa", "Esc", "Shift"}
NAMES |= {"English", "Español", "Français", "read", "submit", "review"}


@pytest.fixture(autouse=True)
def _english_again():
    yield
    translation.deactivate()


@pytest.fixture(params=FOLDERS)
def po(request):
    return polib.pofile(folder(request.param) / "django.po")


def folder(language):
    return ROOT / "locale" / FOLDERS[language] / "LC_MESSAGES"


def said(entry):
    """Each translation of it, with what it translates."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    return [(entry.msgid_plural, form) for form in entry.msgstr_plural.values()]


def ids(po):
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in po}


def asking(language, client=None):
    client = client or Visitor()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = ASKED[language][0]
    return client


# ---- The translations ----
def test_every_sentence_is_translated(po):
    assert len(po) > 250
    assert [entry.msgid for entry in po if entry.fuzzy or entry.obsolete] == []
    assert [entry.msgid for entry in po for _, text in said(entry) if not text.strip()] == []


def test_every_plural_form_is_there(po):
    forms = int(re.match(r"nplurals=(\d)", po.metadata["Plural-Forms"])[1])
    plurals = [entry for entry in po if entry.msgid_plural]
    assert plurals
    assert {len(entry.msgstr_plural) for entry in plurals} == {forms}


def test_placeholders_and_tags_are_kept(po):
    def kept(text):
        return sorted(PLACEHOLDER.findall(text))

    changed = [
        text
        for entry in po
        for original, text in said(entry)
        # "one drawing" needs no number.
        if kept(text) not in (kept(original), entry.msgid_plural and kept(entry.msgid))
    ]
    assert changed == []


@pytest.mark.parametrize("language", FOLDERS)
def test_what_the_site_reads_is_what_was_translated(language):
    translated = polib.pofile(folder(language) / "django.po")
    compiled = polib.mofile(folder(language) / "django.mo")
    assert ids(compiled) == ids(translated)
    assert {text for entry in compiled for text in said(entry)} == {
        text for entry in translated for text in said(entry)
    }


def test_no_sentence_is_missing_in_the_files(tmp_path):
    """As `make messages` would find them."""
    if not shutil.which("xgettext"):
        pytest.skip("left out: needs gettext (on Debian: apt-get install gettext)")
    for name in ("digitsite", "recognizer", "templates", "locale"):
        shutil.copytree(ROOT / name, tmp_path / name)
    command = [sys.executable, "-m", "django", "makemessages", "--all", "--no-obsolete"]
    without = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        command, cwd=tmp_path, env=without, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in FOLDERS.values():
        found = polib.pofile(tmp_path / "locale" / name / "LC_MESSAGES" / "django.po")
        here = polib.pofile(ROOT / "locale" / name / "LC_MESSAGES" / "django.po")
        assert ids(found) == ids(here)


def test_every_complaint_about_an_image_can_be_translated():
    """`ml` says them in English; the site says them by their code."""
    sources = [*(ROOT / "ml").glob("*.py"), ROOT / "recognizer/api/fields.py"]
    raised = re.compile(r'raise BadImageError\(\s*"(\w+)"')
    codes = {code for source in sources for code in raised.findall(source.read_text())}
    assert codes == set(BAD_IMAGES)


# ---- What people get ----
@pytest.mark.parametrize("language", ASKED)
def test_it_works(db, language):
    page = asking(language).get("/")
    assert page["Content-Language"] == language
    text = page.content.decode()
    assert f'<html lang="{language}">' in text
    assert f"<h1>{ASKED[language][1]}</h1>" in text


@pytest.mark.parametrize("language", ASKED)
def test_the_api_answers_in_it_with_the_same_code(db, language):
    blank = png(np.full((50, 50), 255, np.uint8))
    answer = asking(language).recognize(blank).json()
    assert answer["code"] == "blank_image"
    assert answer["detail"].startswith(ASKED[language][2])


def test_complaints_by_field_are_translated(db):
    answer = asking("fr").submit(strokes="no").json()
    assert answer["detail"] == "Quelque chose ne convient pas\u00a0: voir «\u00a0fields\u00a0»."
    (complaint,) = answer["fields"]["strokes"]
    assert "au plus 200 traits et 10000 points" in complaint


def test_another_language_gets_english(db):
    page = Visitor(headers={"Accept-Language": "tlh,ja;q=0.5"}).get("/")
    assert page["Content-Language"] == "en"


def test_the_chosen_one_stays(visitor):
    page = visitor.post("/language/", {"language": "fr", "next": "/mine/"})
    assert (page.status_code, page["Location"]) == (302, "/mine/")
    cookie = visitor.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie["max-age"] >= 180 * 24 * 60 * 60
    for _ in range(2):
        page = asking("es", visitor).get("/mine/")
        assert page["Content-Language"] == "fr"
    assert re.search(r'lang="fr" aria-current="true">Français</button>', page.content.decode())


@pytest.mark.parametrize("wish", ["tlh", "", "../fr"])
def test_what_is_not_spoken_is_not_chosen(visitor, wish):
    visitor.post("/language/", {"language": wish, "next": "/"})
    assert asking("es", visitor).get("/")["Content-Language"] == "es"


def test_choosing_leads_nowhere_else(visitor):
    page = visitor.post("/language/", {"language": "fr", "next": "https://evil.example/"})
    assert page["Location"] == "/"


def test_choosing_needs_the_page(db):
    client = Visitor(enforce_csrf_checks=True)
    assert client.post("/language/", {"language": "fr"}).status_code == 403


# ---- No English left: in Chinese it is easily seen ----
class Shown(HTMLParser):
    """What people see or hear of a page."""

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

    def latin(self):
        words = re.findall(r"[A-Za-zÀ-ÿ]{2,}", " ".join(self.texts))
        return set(words) - NAMES - {"width", "device", "initial", "scale", "light", "dark"}


@pytest.mark.parametrize(
    "where",
    [
        "/",
        "/mine/",
        "/keys/",
        "/nowhere/",
        "/desk/",
        "/desk/grid/7/",
        "/desk/overview/",
        "/desk/overview/next-training/",
        "/desk/quality/",
    ],
)
@pytest.mark.parametrize("empty", [True, False])
def test_no_english_is_left(desk, where, empty):
    if not empty:
        submissions(3)
        submissions(2, corrected_digit=1)
        desk.submitted(digit=7)
    page = asking("zh-hans", desk).get(where)
    assert page.status_code == (404 if where == "/nowhere/" else 200)
    assert Shown(page.content.decode()).latin() == set()


def test_no_english_is_left_for_who_is_not_logged_in(visitor):
    assert Shown(asking("zh-hans", visitor).get("/login/").content.decode()).latin() == set()


def test_no_english_is_left_for_who_was_wrong_too_often(visitor):
    pages = [asking("zh-hans", visitor).post("/login/", {"username": "x", "password": "y"})]
    while pages[-1].status_code == 200:
        pages.append(visitor.post("/login/", {"username": "x", "password": "y"}))
    assert Shown(pages[-1].content.decode()).latin() == set()


def test_no_english_is_left_in_a_new_key(desk):
    body = {"name": "7", "scopes": ["read"], "lifetime": "30"}
    page = asking("zh-hans", desk).post("/keys/", body)
    assert Shown(page.content.decode()).latin() == set()


def test_no_english_is_left_in_what_scripts_say(desk):
    asking("zh-hans", desk).get("/")
    words = [words if isinstance(words, list) else [words] for words in DRAW_PAGE.values()]
    texts = [str(text) for group in words for text in group]
    assert "写" in "".join(texts)
    assert not [text for text in texts if re.search("[A-Za-z]", re.sub(r"{\w+}", "", text))]


def test_the_desk_speaks_it(desk):
    submissions(1, corrected_digit=1)
    answer = asking("zh-hans", desk).post("/desk/take/").json()
    assert answer["waiting"] == "1 幅待审核"
    (card,) = answer["cards"]
    for text in (card["said"], *card["marks"]):
        assert not set(text) & set(string.ascii_letters)


def test_a_mistake_of_ours(db, settings):
    settings.ROOT_URLCONF = "test_languages"
    client = asking("zh-hans", Visitor(raise_request_exception=False))
    assert Shown(client.get("/broken/").content.decode()).latin() == set()
    told = client.get("/api/v1/broken/").json()["detail"]
    assert told == "这是我们的错误，已记入日志。"


def broken(request):
    raise ZeroDivisionError


urlpatterns = [path("broken/", broken), path("api/v1/broken/", broken), *urls.urlpatterns]
handler500 = urls.handler500

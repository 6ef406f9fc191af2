"""Use the page in another language, and choose a language."""

import re

from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.pointer import draw_by_mouse


def test_draws_and_confirms_in_chinese(open_page, four):
    page = open_page(locale="zh-CN")
    expect(page.locator("#sentence")).to_have_text("写一个数字，或并排写几个，大小随意。")

    draw_by_mouse(page, four)
    expect(page.locator("#sentence")).to_have_text(re.compile(r"^这是 4，把握 9\d%$"))
    page.get_by_role("button", name="对：4").click()

    expect(page.locator("#notice")).to_have_text("谢谢！已保存为“4”，审核员会查看。")
    assert Submission.objects.get().corrected_digit == 4


def test_chosen_language_applies_to_the_next_page(open_page):
    page = open_page()
    page.get_by_role("button", name="Français").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Dessinez un chiffre")
    page.get_by_role("link", name="Mes dessins").click()
    chosen = page.get_by_role("button", name="Français")
    expect(chosen).to_have_attribute("aria-current", "true")


def test_translations_fit_320_pixels(open_page, four):
    for locale in ("es", "fr", "zh-CN"):
        page = open_page(locale=locale, viewport={"width": 320, "height": 640})
        draw_by_mouse(page, four)
        expect(page.locator("#digit")).to_have_text("4")
        page.locator("#explain").click()
        expect(page.locator("#explanation")).not_to_be_empty()
        overflow = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(overflow) <= 0, locale

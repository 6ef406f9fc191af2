"""The whole way in another language, and choosing one."""

import re

from browser.hands import draw_by_mouse
from playwright.sync_api import expect

from recognizer.models import Submission


def test_draw_and_answer_in_chinese(open_page, four):
    page = open_page(locale="zh-CN")
    expect(page.locator("#sentence")).to_have_text("写一个数字，或并排写几个，大小随意。")

    draw_by_mouse(page, four)
    expect(page.locator("#sentence")).to_have_text(re.compile(r"^这是 4，把握 9\d\s%$"))
    page.get_by_role("button", name="对：4").click()

    expect(page.locator("#notice")).to_have_text("谢谢！已保存为“4”，审核员会查看。")
    assert Submission.objects.get().corrected_digit == 4


def test_choose_a_language(open_page):
    page = open_page()
    page.get_by_role("button", name="Français").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Dessinez un chiffre")
    page.get_by_role("link", name="Mes dessins").click()
    chosen = page.get_by_role("button", name="Français")
    expect(chosen).to_have_attribute("aria-current", "true")


def test_nothing_is_too_wide_for_a_phone(open_page, four):
    for locale in ("es", "fr", "zh-CN"):
        page = open_page(locale=locale, viewport={"width": 320, "height": 640})
        draw_by_mouse(page, four)
        expect(page.locator("#digit")).to_have_text("4")
        page.locator("#why").click()
        expect(page.locator("#reason")).not_to_be_empty()
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(wide) <= 0, locale

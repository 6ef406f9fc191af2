"""The draw page works on the first visit, without cookies, and after a login in another tab."""

import pytest
import requests
from playwright.sync_api import expect

from recognizer.accounts import ownership
from recognizer.models import Submission
from tests.browser.pointer import draw_by_mouse

# Cancel a request while it waits for a new token. Return the methods that were sent.
CANCEL_DURING_RENEWAL = """async () => {
    const { request } = await import("/static/api.js");
    const controller = new AbortController();
    const methods = [];
    window.fetch = async (url, { method }) => {
        methods.push(method);
        if (method === "HEAD") controller.abort();
        return new Response(null, { status: 403 });
    };
    await request("POST", "/", { signal: controller.signal }).catch(() => {});
    return methods;
}"""


def store(page, strokes):
    draw_by_mouse(page, strokes)
    page.clock.fast_forward(2000)
    expect(page.locator("#notice")).to_contain_text("Saved.")


def correct(page, digit):
    page.click(f"#correction button[value='{digit}']")
    expect(page.locator("#notice")).to_contain_text("Thanks.")


def names(page):
    return {cookie["name"] for cookie in page.context.cookies()}


def block_cookies(route):
    """Send a request without cookies and ignore those of the response, as some browsers do."""
    sent = route.request
    headers = {name: value for name, value in sent.headers.items() if name != "cookie"}
    got = requests.request(
        sent.method, sent.url, headers=headers, data=sent.post_data_buffer, timeout=10
    )
    content_type = {"Content-Type": got.headers.get("Content-Type", "")}
    route.fulfill(status=got.status_code, headers=content_type, body=got.content)


def log_in_elsewhere(page, site):
    tab = page.context.new_page()
    tab.goto(f"{site.url}/login/")
    tab.fill("[name=username]", "rosa")
    tab.fill("[name=password]", "a long password")
    tab.click("main button")
    tab.wait_for_url("**/keys/")
    page.bring_to_front()  # Chromium slows down the events of a page in the background.
    return tab


def log_out_elsewhere(page, site):
    tab = page.context.new_page()
    tab.goto(f"{site.url}/keys/")
    tab.get_by_role("banner").get_by_role("button", name="Log out").click()
    tab.wait_for_url(f"{site.url}/")
    page.bring_to_front()


def test_first_drawing_sets_the_cookie(page, four):
    assert names(page) == {"csrftoken"}
    store(page, four)
    assert names(page) == {"csrftoken", "owner", "no_corrections"}
    correct(page, 1)
    assert names(page) == {"csrftoken", "owner"}
    assert Submission.objects.get().corrected_digit == 1


def test_browser_without_cookies_can_store_correct_and_replace(browser, site, request, four):
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    request.addfinalizer(context.close)
    context.route("**/*", block_cookies)
    page = context.new_page()
    page.set_default_timeout(5000)
    page.clock.install()
    page.goto(site.url)
    store(page, four)
    # The next stroke replaces the stored drawing.
    store(page, four[:1])
    correct(page, 1)
    assert names(page) == set()
    assert Submission.objects.get().corrected_digit == 1


@pytest.mark.usefixtures("rosa")
def test_drawing_is_stored_after_a_login_in_another_tab(page, site, four):
    log_in_elsewhere(page, site)
    store(page, four)
    correct(page, 1)


def test_drawing_moves_with_a_login_in_another_tab(page, site, rosa, four):
    store(page, four)
    log_in_elsewhere(page, site)
    assert names(page) == {"csrftoken", "sessionid", "no_corrections"}
    correct(page, 1)
    assert Submission.objects.get().owner == ownership.owner_for_user(rosa)


def test_correction_is_saved_after_a_logout_in_another_tab(page, site, rosa, four):
    tab = log_in_elsewhere(page, site)
    page.reload()
    store(page, four)
    log_out_elsewhere(page, site)
    tab.close()
    correct(page, 1)
    visitor, user = Submission.objects.order_by("-created")
    assert (user.owner, user.corrected_digit) == (ownership.owner_for_user(rosa), None)
    assert (visitor.corrected_digit, len(visitor.strokes)) == (1, len(user.strokes))


def test_recovers_from_a_lost_csrf_cookie(page, four):
    store(page, four)
    page.context.clear_cookies(name="csrftoken")
    correct(page, 1)
    page.context.clear_cookies(name="csrftoken")
    page.locator("#clear").click()
    store(page, four[:1])
    assert {row.corrected_digit for row in Submission.objects.all()} == {1, None}


def test_a_cancelled_request_is_not_sent_with_a_new_token(page):
    assert page.evaluate(CANCEL_DURING_RENEWAL) == ["POST", "HEAD"]


def test_tries_again_if_there_is_no_answer_to_the_request_for_a_token(page, four):
    page.route("**/api/**", lambda route: route.fulfill(status=403))
    page.route(page.url, lambda route: None)  # no answer
    with page.expect_request(lambda request: request.method == "HEAD"):
        draw_by_mouse(page, four)
    page.clock.fast_forward(10_000)
    expect(page.locator("#sentence")).to_contain_text("No connection.")


def test_answers_work_after_the_site_refused_to_store(page, four):
    refusal = {"code": "some_code", "detail": "The reason, in a sentence."}
    page.route("**/numbers/", lambda route: route.fulfill(status=400, json=refusal), times=1)
    draw_by_mouse(page, four)
    expect(page.locator("#sentence")).to_contain_text("This is a 4")
    page.clock.fast_forward(2000)
    expect(page.locator("#sentence")).to_have_text("The reason, in a sentence.")
    correct(page, 1)
    assert Submission.objects.get().corrected_digit == 1


@pytest.mark.usefixtures("rosa")
def test_my_drawings_deletes_after_a_login_in_another_tab(page, site, four):
    store(page, four)
    page.goto(f"{site.url}/mine/")
    log_in_elsewhere(page, site)
    page.locator(".drawings button.delete").click()
    page.click("#confirm-deletion button[value=delete]")
    expect(page.locator("main")).to_contain_text("You have no drawings yet.")
    assert not Submission.objects.exists()


@pytest.mark.usefixtures("rosa")
def test_delete_all_after_a_login_in_another_tab_shows_an_error(page, site, four):
    store(page, four)
    page.goto(f"{site.url}/mine/")
    log_in_elsewhere(page, site)
    page.get_by_role("button", name="Delete all").click()
    page.click("#confirm-deletion button[value=delete]")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was deleted: you have logged in")
    assert Submission.objects.count() == 1


@pytest.mark.usefixtures("rosa")
@pytest.mark.parametrize("button", ["main .page-header button.delete", ".drawings button.delete"])
def test_deletion_after_a_logout_in_another_tab_shows_an_error(page, site, four, button):
    log_in_elsewhere(page, site)
    page.reload()
    store(page, four)
    page.goto(f"{site.url}/mine/")
    log_out_elsewhere(page, site)
    page.locator(button).click()
    page.click("#confirm-deletion button[value=delete]")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was deleted: you are logged out")
    expect(page.locator(".drawings li")).to_have_count(1)
    assert Submission.objects.count() == 1


@pytest.mark.usefixtures("rosa")
def test_my_drawings_corrects_after_a_login_in_another_tab(page, site, four):
    store(page, four)
    page.goto(f"{site.url}/mine/")
    log_in_elsewhere(page, site)
    page.locator(".drawings").get_by_role("button", name="8", exact=True).click()
    expect(page.locator(".drawings")).to_contain_text("Thank you. Saved as an 8.")
    assert Submission.objects.get().corrected_digit == 8

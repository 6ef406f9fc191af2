"""The first visit is light: what an operator's site sends, compressed, counted on the wire."""

from playwright.sync_api import expect
from site_under_test import Site

MOST_BYTES = 80_000
MOST_REQUESTS = 10


def test_the_first_visit(browser, tmp_path):
    with Site(tmp_path) as site:
        context = browser.new_context()
        page = context.new_page()
        received = []
        page.on("response", lambda response: received.append(response))
        page.goto(site.url)
        page.wait_for_load_state("networkidle")
        expect(page.locator("#sentence")).to_contain_text("Draw one digit")
        urls = {response.url for response in received}
        sizes = [response.request.sizes() for response in received]
        weight = sum(size["responseHeadersSize"] + size["responseBodySize"] for size in sizes)
        # A browser without a window fetches no icon, so it must be in the page.
        assert page.locator("link[rel=icon]").get_attribute("href").startswith("data:")
        context.close()

    print(f"{len(urls)} requests, {weight} bytes")
    assert all(response.ok for response in received)
    assert len(urls) <= MOST_REQUESTS, urls
    assert weight <= MOST_BYTES

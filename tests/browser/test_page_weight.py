"""The first visit transfers few bytes in few requests, measured with a production server."""

from playwright.sync_api import expect

MAX_BYTES = 80_000  # compressed, with headers
MAX_REQUESTS = 16


def test_first_visit_is_light(browser, live_site):
    context = browser.new_context()
    page = context.new_page()
    received = []
    page.on("response", lambda response: received.append(response))
    page.goto(live_site.url)
    page.wait_for_load_state("networkidle")
    expect(page.locator("#sentence")).to_contain_text("Draw one digit")
    urls = {response.url for response in received}
    sizes = [response.request.sizes() for response in received]
    weight = sum(size["responseHeadersSize"] + size["responseBodySize"] for size in sizes)
    # A headless browser does not fetch an icon file, so the test checks that there is none.
    assert page.locator("link[rel=icon]").get_attribute("href").startswith("data:")
    context.close()

    print(f"{len(urls)} requests, {weight} bytes")
    assert all(response.ok for response in received)
    assert len(urls) <= MAX_REQUESTS, urls
    assert weight <= MAX_BYTES

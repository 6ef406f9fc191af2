"""Security headers and HTTPS. tests/browser/ checks that no page breaks the policy."""

import pytest

from tests.support.live_site import Site


def test_content_security_policy_is_strict(visitor):
    response = visitor.get("/")
    policy = response["Content-Security-Policy"]
    for directive in ("default-src", "script-src", "style-src"):
        assert f"{directive} 'self'" in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_deployment_check_has_no_warnings(tmp_path):
    done = Site(tmp_path).manage("check", "--deploy", "--fail-level", "WARNING", HTTPS="on")
    assert (done.returncode, done.stdout) == (
        0,
        "System check identified no issues (2 silenced).\n",
    ), done.stderr


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_https_redirects_and_marks_cookies_secure(tmp_path, proxies):
    program = """
from django.test import Client
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
client = Client(raise_request_exception=False)
plain = client.get("/login/")
forwarded = client.get("/login/", headers={"X-Forwarded-Proto": "https"})
secure = client.get("/login/", secure=True)
health = client.get("/healthz/")
print(plain.status_code, forwarded.status_code, secure.status_code, health.status_code)
print(secure["Strict-Transport-Security"], secure.cookies["csrftoken"]["secure"])
"""
    site = Site(tmp_path)
    site.prepare()
    done = site.manage("shell", "-v0", "-c", program, HTTPS="on", NUM_PROXIES=proxies)
    # Without a proxy, the site ignores X-Forwarded-Proto.
    forwarded_status = {"0": 301, "1": 200}[proxies]
    assert done.stdout == f"301 {forwarded_status} 200 200\nmax-age=31536000 True\n", done.stderr

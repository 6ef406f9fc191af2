"""What a browser is told; that no page of ours breaks it, tests/browser/ looks."""

import pytest
from site_under_test import Site


def test_the_policy_has_no_exceptions(visitor):
    response = visitor.get("/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_nothing_is_left_to_warn_of(tmp_path):
    done = Site(tmp_path).manage("check", "--deploy", "--fail-level", "WARNING", HTTPS="on")
    assert (done.returncode, done.stdout) == (
        0,
        "System check identified no issues (2 silenced).\n",
    ), done.stderr


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_https(tmp_path, proxies):
    program = """
from django.test import Client
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
client = Client(raise_request_exception=False)
plain = client.get("/login/")
forwarded = client.get("/login/", headers={"X-Forwarded-Proto": "https"})
safe = client.get("/login/", secure=True)
health = client.get("/healthz/")
print(plain.status_code, forwarded.status_code, safe.status_code, health.status_code)
print(safe["Strict-Transport-Security"], safe.cookies["csrftoken"]["secure"])
"""
    site = Site(tmp_path)
    site.prepare()
    done = site.manage("shell", "-v0", "-c", program, HTTPS="on", NUM_PROXIES=proxies)
    believed = {"0": 301, "1": 200}[proxies]
    assert done.stdout == f"301 {believed} 200 200\nmax-age=31536000 True\n", done.stderr

"""The site works behind a real nginx with the configuration of docs/operating.md, below a path."""

import io
import os
import re
import shutil
import socket
import subprocess
from contextlib import contextmanager

import pytest
import requests
from PIL import Image

from tests.support.factories import drawing_png
from tests.support.live_site import ROOT, Site, token

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("nginx") and shutil.which("openssl")),
        reason="needs nginx and openssl (on Debian: apt-get install nginx-light openssl)",
    ),
    # The certificate of the test is signed by itself.
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
]

# As root, nginx would otherwise write as an account that cannot enter the folder of the test.
USER = "user root;" if os.geteuid() == 0 else ""
MAIN = """daemon off;
{user}
pid {folder}/pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""


@contextmanager
def nginx(folder, port, site_port):
    """Run nginx with the configuration of the docs, with these ports and a new certificate."""
    page = (ROOT / "docs" / "operating.md").read_text()
    server = re.search(r"```nginx\n(.*?)```", page, re.DOTALL)[1]
    for documented, actual in [
        ("server_name digits.example;", "server_name localhost;"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/digits.example.pem", f"{folder}/certificate.pem"),
        ("/etc/ssl/digits.example.key", f"{folder}/key.pem"),
        ("127.0.0.1:8000", f"127.0.0.1:{site_port}"),
    ]:
        assert documented in server
        server = server.replace(documented, actual)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, server=server, user=USER))
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    command = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """Return the URL of a site with HTTPS below /digits/, behind nginx."""
    folder = tmp_path_factory.mktemp("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "DATABASE_URL": "",
        "CACHE_URL": "",
        "URL_PREFIX": "/digits",
        "HTTPS": "on",
        "NUM_PROXIES": "1",
    }
    site = Site(folder / "data", **environment)
    with nginx(folder, port, site.environment["PORT"]), site:
        create = ("createsuperuser", "--no-input", "--username=rosa", "--email=rosa@example.org")
        done = site.manage(*create, DJANGO_SUPERUSER_PASSWORD="a long password")
        assert done.returncode == 0, done.stderr
        yield f"https://localhost:{port}/digits/"


@pytest.fixture
def session():
    session = requests.Session()
    session.trust_env = False  # An environment variable could override the next line.
    session.verify = False
    return session


def test_pages_link_below_the_prefix(proxied, session):
    page = session.get(proxied)
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
    assert len(links) > 5
    assert [link for link in links if not link.startswith("/digits/")] == []
    for link in links:
        if link != "/digits/language/":  # only for POST
            response = session.get(proxied.removesuffix("/digits/") + link)
            assert response.status_code == 200, link
            assert response.url.startswith(proxied)
    assert page.headers["Strict-Transport-Security"]


def test_schema_names_the_prefix(proxied, session):
    schema = session.get(f"{proxied}api/v1/schema/?format=json").json()
    assert schema["servers"] == [{"url": "/digits"}]


def test_modules_load_what_they_import(proxied, session):
    page = session.get(proxied).text
    origin = proxied.removesuffix("/digits/")
    (module,) = re.findall(r'src="(/digits/static/[^"]*draw\.[^"]*js)"', page)
    imports = re.findall(r'from\s*"\./([^"]+)"', session.get(origin + module).text)
    assert imports
    for name in imports:
        assert session.get(f"{origin}{module.rpartition('/')[0]}/{name}").status_code == 200


def test_log_in_and_out_stay_below_the_prefix(proxied, session):
    login = f"{proxied}login/"
    session.get(login)
    assert {cookie.path for cookie in session.cookies} == {"/digits/"}
    body = {
        "username": "rosa",
        "password": "a long password",
        "csrfmiddlewaretoken": token(session),
    }
    response = session.post(login, body, headers={"Referer": login}, allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (302, "/digits/keys/")
    assert session.get(f"{proxied}admin/").status_code == 200


def large_png():
    """Return a drawing as a PNG of more than 2 MB."""
    file = io.BytesIO()
    drawing = Image.open(io.BytesIO(drawing_png())).convert("L").resize((1500, 1500))
    drawing.save(file, "PNG", compress_level=0)
    return file.getvalue()


def test_stores_a_drawing_and_a_photo_larger_than_the_buffers(proxied, session):
    url = f"{proxied}api/v1/submissions/"
    response = session.post(url, files={"image": drawing_png()})
    assert response.status_code == 201
    assert response.headers["Location"].startswith(("/digits/", proxied))
    session.cookies.clear()  # With the cookie, the site would demand a CSRF token.
    response = session.post(f"{proxied}api/v1/recognize/", files={"image": large_png()})
    assert response.status_code == 200, response.text
    session.cookies.clear()
    response = session.post(url, files={"image": bytes(10_300_000)})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_passes_on_chunked_bodies_with_their_length(proxied, session):
    body = b"--x\r\nContent-Disposition: form-data; name=image; filename=a.png\r\n\r\n"
    body += drawing_png() + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    chunks = iter([body[:100], body[100:]])
    response = session.post(f"{proxied}api/v1/recognize/", data=chunks, headers=headers)
    assert response.status_code == 200, response.text


def test_ignores_paths_in_headers_of_clients(proxied, session):
    names = ("Script-Name", "SCRIPT_NAME", "Path-Info", "X-Script-Name", "X-Forwarded-Prefix")
    page = session.get(proxied, headers=dict.fromkeys(names, "/evil"))
    assert page.status_code == 200
    assert "/evil" not in page.text
    page = session.get(f"{proxied}missing/", headers=dict.fromkeys(names, "/evil"))
    assert page.status_code == 404


def test_forged_addresses_do_not_avoid_the_login_lockout(proxied, session):
    login = f"{proxied}login/"
    session.get(login)
    body = {"username": "nobody", "password": "x", "csrfmiddlewaretoken": token(session)}
    statuses = [
        session.post(
            login, body, headers={"Referer": login, "X-Forwarded-For": f"203.0.113.{number}"}
        ).status_code
        for number in range(6)
    ]
    assert statuses[0] == 200
    assert statuses[-1] == 429

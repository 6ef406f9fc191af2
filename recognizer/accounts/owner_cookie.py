"""Sign and read the ids of anonymous visitors: in a cookie, and in a token of the draw page.

No row is needed to recognize an anonymous visitor. Both values are signed with `SECRET_KEY`. If
Django's `SECRET_KEY_FALLBACKS` contains an older key, values that it signed stay valid.
"""

import uuid
from datetime import timedelta
from typing import Final

from django.core.signing import (
    BadSignature,
    SignatureExpired,
    TimestampSigner,
    get_cookie_signer,
)
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token

from recognizer.accounts import cookies

COOKIE_NAME: Final = "owner"
COOKIE_AGE: Final = timedelta(days=365)
RENEWAL_AGE: Final = timedelta(days=7)  # An older cookie is replaced with a new one.

TOKEN_HEADER: Final = "X-Owner-Token"
TOKEN_AGE: Final = timedelta(days=1)

# The key in `request.META` of the owner whose cookie the response sets, or None to delete it.
# Unlike an attribute, DRF's request shares the dictionary with Django's request.
_META_KEY: Final = "OWNER_COOKIE"


def read_cookie(request: HttpRequest) -> uuid.UUID | None:
    """Return the owner in the cookie, or None if it is missing, forged or expired."""
    value = request.COOKIES.get(COOKIE_NAME)
    if value is None:
        return None
    # `request.get_signed_cookie` would try another salt first, and check two signatures.
    signer = get_cookie_signer(salt=COOKIE_NAME)
    try:
        return uuid.UUID(signer.unsign(value, max_age=RENEWAL_AGE))
    except SignatureExpired:
        return _renew(request, value)
    except BadSignature:
        return None


def _renew(request: HttpRequest, value: str) -> uuid.UUID | None:
    """Set the cookie again, unless it has expired. Return the owner, or None if it has."""
    try:
        owner = uuid.UUID(get_cookie_signer(salt=COOKIE_NAME).unsign(value, max_age=COOKIE_AGE))
    except SignatureExpired:
        return None
    set_cookie(request, owner)
    return owner


def set_cookie(request: HttpRequest, owner: uuid.UUID) -> None:
    """Set the owner's cookie in the response, and the CSRF cookie that later writes need."""
    request.META[_META_KEY] = owner
    if "CSRF_COOKIE" not in request.META:  # Masking a token for each drawing would take time.
        get_token(request)


def delete_cookie(request: HttpRequest) -> None:
    """Delete the owner's cookie in the response."""
    request.META[_META_KEY] = None


def signed(owner: uuid.UUID) -> str:
    """Return the value of the owner's cookie."""
    return get_cookie_signer(salt=COOKIE_NAME).sign(str(owner))


def new_token() -> str:
    """Return a token with a new random owner, for a page that must not set the cookie yet."""
    return _token_signer().sign(str(uuid.uuid4()))


def read_token(request: HttpRequest) -> uuid.UUID | None:
    """Return the owner in the header `X-Owner-Token`, or None."""
    try:
        value = _token_signer().unsign(request.headers.get(TOKEN_HEADER, ""), max_age=TOKEN_AGE)
    except BadSignature:
        return None
    return uuid.UUID(value)


def write_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Set or delete the cookie in the response, if the view has asked for it."""
    if _META_KEY not in request.META:
        return
    owner = request.META[_META_KEY]
    if owner is None:
        cookies.delete_cookie(response, COOKIE_NAME)
    else:
        cookies.set_cookie(response, COOKIE_NAME, signed(owner), COOKIE_AGE)


def _token_signer() -> TimestampSigner:
    return TimestampSigner(salt=TOKEN_HEADER)

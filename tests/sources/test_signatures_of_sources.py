"""Each source accepts what its vendor signs, as documented, and nothing that was changed on the way."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

from stream_app.sources import SOURCES
from stream_app.sources.signing import verify
from stream_app.sources.source import Request

NOW_MS = 1_767_603_723_741
URL = "https://in.example.com/in/source"
BODY = b'[{"event":"delivered"}]\r\n'
SECRET = "an invented secret"  # noqa: S105 - of these tests
STANDARD_SECRET = "whsec_" + base64.b64encode(b"an invented secret").decode()

Signed = tuple[Request, str]


def _request(body: bytes, **headers: str) -> Request:
    return Request("POST", URL, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def _hmac(digest: str, text: bytes) -> bytes:
    return hmac.new(SECRET.encode(), text, digest).digest()


def _hubspot(body: bytes) -> Signed:
    signed = _hmac("sha256", b"POST" + URL.encode() + body + str(NOW_MS).encode())
    headers = {"x_hubspot_signature_v3": base64.b64encode(signed).decode(), "x_hubspot_request_timestamp": str(NOW_MS)}
    return _request(body, **headers), SECRET


def _segment(body: bytes) -> Signed:
    return _request(body, x_signature=_hmac("sha1", body).hex()), SECRET


def _sendgrid(body: bytes) -> Signed:
    key = generate_private_key(SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = key.sign(b"1767603723" + body, ECDSA(SHA256()))
    headers = {
        "x_twilio_email_event_webhook_signature": base64.b64encode(signature).decode(),
        "x_twilio_email_event_webhook_timestamp": "1767603723",
    }
    return _request(body, **headers), base64.b64encode(public).decode()


def _resend(body: bytes) -> Signed:
    moment = datetime.fromtimestamp(NOW_MS // 1000, UTC)
    signature = Webhook(STANDARD_SECRET).sign("msg_1", moment, body.decode())
    return _request(
        body, svix_id="msg_1", svix_timestamp=str(NOW_MS // 1000), svix_signature=signature
    ), STANDARD_SECRET


def _basic(body: bytes) -> Signed:
    return _request(body, authorization="Basic " + base64.b64encode(b"user:password").decode()), "user:password"


SIGNED: dict[str, Callable[[bytes], Signed]] = {
    "hubspot": _hubspot,
    "segment": _segment,
    "sendgrid": _sendgrid,
    "resend": _resend,
    "postmark": _basic,
    "rudderstack": _basic,
}
SIGNS_THE_BODY = ("hubspot", "segment", "sendgrid", "resend")


@pytest.mark.parametrize("name", SIGNED)
def test_what_a_vendor_signs_is_accepted(name: str) -> None:
    request, secret = SIGNED[name](BODY)
    assert verify(SOURCES[name].signature, request, [secret], NOW_MS) is None


@pytest.mark.parametrize("name", SIGNED)
def test_another_secret_is_not_accepted(name: str) -> None:
    request, _ = SIGNED[name](BODY)
    _, other = _sendgrid(BODY) if name == "sendgrid" else (None, "whsec_YW5vdGhlcg==")
    assert verify(SOURCES[name].signature, request, [other], NOW_MS) is not None


@pytest.mark.parametrize("name", SIGNS_THE_BODY)
def test_nasty_27_the_line_break_at_the_end_is_signed(name: str) -> None:
    request, secret = SIGNED[name](BODY)
    shorter = Request(request.method, request.url, request.headers, BODY.rstrip())
    assert verify(SOURCES[name].signature, shorter, [secret], NOW_MS) is not None


def test_mailgun_signs_time_and_token_in_the_body() -> None:
    signature = hmac.new(SECRET.encode(), b"1767603723token", hashlib.sha256).hexdigest()
    signed = {"timestamp": "1767603723", "token": "token", "signature": signature}
    request = _request(json.dumps({"signature": signed, "event-data": {}}).encode())
    assert verify(SOURCES["mailgun"].signature, request, [SECRET], NOW_MS) is None
    assert verify(SOURCES["mailgun"].signature, request, ["another"], NOW_MS) is not None


@pytest.mark.parametrize("name", ["hubspot", "resend"])
def test_a_request_of_an_hour_ago_is_not_accepted(name: str) -> None:
    request, secret = SIGNED[name](BODY)
    assert verify(SOURCES[name].signature, request, [secret], NOW_MS + 3_600_000) is not None


def test_nasty_12_hubspots_workflows_read_milliseconds() -> None:
    assert int(SOURCES["hubspot"].replies.retry_after) >= 1000


def test_nasty_29_a_batch_of_768_kb_of_sendgrid_is_taken() -> None:
    limits = SOURCES["sendgrid"].limits
    shortest = len(
        '{"email":"a@b.example","timestamp":1767603723,"event":"open","sg_event_id":"YWJj","sg_message_id":"m"},'
    )
    assert limits.body_bytes >= 768 * 1024
    assert limits.items * shortest >= 768 * 1024


def test_nasty_28_a_wrong_signature_ends_mailguns_retries() -> None:
    assert SOURCES["mailgun"].replies.bad_signature == 406

"""Signatures, against what the vendors' own libraries make, accept and publish."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import stripe
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from stream_app.sources import signing
from stream_app.sources.signing import verify
from stream_app.sources.source import Ecdsa, Hmac, InBody, Request, Signature, StandardWebhooks, Unsigned

NOW = 1_772_442_843
URL = "https://in.example.com/in/x"

STRIPE = Hmac(
    header="stripe-signature",
    digest="sha256",
    encoding="hex",
    signed=("timestamp", "=.", "body"),
    part="v1",
    timestamp_part="t",
    tolerance_s=300,
)
HUBSPOT = Hmac(
    header="x-hubspot-signature-v3",
    digest="sha256",
    encoding="base64",
    signed=("method", "url", "body", "timestamp"),
    timestamp_header="x-hubspot-request-timestamp",
    timestamp_unit="ms",
    tolerance_s=300,
)
SEGMENT = Hmac(header="x-signature", digest="sha1", encoding="hex")
SENDGRID = Ecdsa(
    header="x-twilio-email-event-webhook-signature", timestamp_header="x-twilio-email-event-webhook-timestamp"
)
MAILGUN = InBody(tolerance_s=300)
STANDARD_SECRET = "whsec_" + b64encode(b"a secret of twenty-four.").decode()


def request(body: bytes = b"{}", url: str = URL, **headers: str) -> Request:
    return Request("POST", url, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def stripe_header(body: str, secret: str, at: int = NOW) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(body, secret, at))


# Stripe ---------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=200), st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40))
def test_what_stripe_signs_is_accepted_and_what_it_refuses_is_not(body: str, secret: str) -> None:
    header = stripe_header(body, secret)
    signed = request(body.encode(), stripe_signature=header)
    assert verify(STRIPE, signed, [secret], NOW * 1000) is None
    assert stripe.WebhookSignature.verify_header(body, header, secret)
    other = replace(signed, body=body.encode() + b" ")
    assert verify(STRIPE, other, [secret], NOW * 1000) == signing.MISMATCH
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body + " ", header, secret)


@pytest.mark.parametrize(("apart", "reason"), [(300, None), (301, signing.WRONG_TIME), (-301, signing.WRONG_TIME)])
def test_a_signed_time_is_accepted_within_its_tolerance(apart: int, reason: str | None) -> None:
    signed = request(b"{}", stripe_signature=stripe_header("{}", "s"))
    assert verify(STRIPE, signed, ["s"], (NOW + apart) * 1000) == reason


def test_each_of_several_secrets_and_of_several_signatures_is_accepted() -> None:
    old, new = stripe_header("{}", "old"), stripe_header("{}", "new")
    both = f"{old},{new.partition(',')[2]},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    assert verify(STRIPE, request(stripe_signature=old), ["new", "old"], NOW * 1000) is None
    assert verify(STRIPE, request(stripe_signature=both), ["new"], NOW * 1000) is None
    assert verify(STRIPE, request(stripe_signature=both), ["third"], NOW * 1000) == signing.MISMATCH


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", signing.NO_SIGNATURE),
        ("t=1772442843", signing.NO_SIGNATURE),
        ("t=1772442843,v0=00", signing.NO_SIGNATURE),
        ("v1=00", signing.NO_TIME),
        ("t=soon,v1=00", signing.NO_TIME),
        ("t=1772442843.5,v1=00", signing.NO_TIME),
        ("t=1772442843,v1=00", signing.MISMATCH),
        ("t=1772442843,v1=\udcff", signing.MISMATCH),
    ],
)
def test_a_header_that_says_too_little_is_refused(header: str, reason: str) -> None:
    assert verify(STRIPE, request(stripe_signature=header), ["s"], NOW * 1000) == reason


# Standard Webhooks ----------------------------------------------------------------------------------------------------


@given(st.text(max_size=200), st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40))
def test_what_standard_webhooks_signs_is_accepted(body: str, identifier: str) -> None:
    signature = Webhook(STANDARD_SECRET).sign(identifier, datetime.fromtimestamp(NOW, UTC), body)
    headers = {"webhook_id": identifier, "webhook_timestamp": str(NOW), "webhook_signature": f"v1a,x {signature}"}
    signed = request(body.encode(), **headers)
    assert verify(StandardWebhooks(), signed, [STANDARD_SECRET], NOW * 1000) is None
    assert verify(StandardWebhooks(), replace(signed, body=b"x" + signed.body), [STANDARD_SECRET], NOW * 1000)
    as_svix = {name.replace("webhook_", "svix_"): value for name, value in headers.items()}
    assert verify(StandardWebhooks("svix"), request(body.encode(), **as_svix), [STANDARD_SECRET], NOW * 1000) is None


def test_the_published_vector_of_svix_is_accepted() -> None:
    # https://docs.svix.com/receiving/verifying-payloads/how-manual
    signed = request(
        b'{"test": 2432232314}',
        svix_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        svix_timestamp="1614265330",
        svix_signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    )
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the published vector
    assert verify(StandardWebhooks("svix"), signed, [secret], 1_614_265_330_000) is None
    assert verify(StandardWebhooks("svix"), signed, [secret], 1_614_265_631_000) == signing.WRONG_TIME


# SendGrid -------------------------------------------------------------------------------------------------------------

# test/unit/test_eventwebhook.py of sendgrid/sendgrid-python
SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6w"
    "EA3F+g=="
)
SENDGRID_OTHER_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe"
    "1OPzpA=="
)
SENDGRID_BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
SENDGRID_HEADERS = {
    "x_twilio_email_event_webhook_signature": (
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
    ),
    "x_twilio_email_event_webhook_timestamp": "1600112502",
}


def test_nasty_27_sendgrids_published_vector_with_its_line_end() -> None:
    signed = request(SENDGRID_BODY, **SENDGRID_HEADERS)
    assert verify(SENDGRID, signed, [SENDGRID_KEY], NOW * 1000) is None
    assert verify(SENDGRID, signed, [SENDGRID_OTHER_KEY, SENDGRID_KEY], NOW * 1000) is None
    stripped = replace(signed, body=SENDGRID_BODY.rstrip())
    assert verify(SENDGRID, stripped, [SENDGRID_KEY], NOW * 1000) == signing.MISMATCH
    assert verify(SENDGRID, signed, [SENDGRID_OTHER_KEY], NOW * 1000) == signing.MISMATCH


def test_a_time_that_is_not_the_signed_one_does_not_match() -> None:
    headers = SENDGRID_HEADERS | {"x_twilio_email_event_webhook_timestamp": "1600112503"}
    assert verify(SENDGRID, request(SENDGRID_BODY, **headers), [SENDGRID_KEY], NOW * 1000) == signing.MISMATCH
    within = replace(SENDGRID, tolerance_s=600)
    assert verify(within, request(SENDGRID_BODY, **SENDGRID_HEADERS), [SENDGRID_KEY], NOW * 1000) == signing.WRONG_TIME


@pytest.mark.parametrize("secret", ["no key", "TUlJ", "\u00fc", b64encode(bytes(91)).decode()])
def test_a_public_key_that_is_none_matches_nothing(secret: str) -> None:
    assert verify(SENDGRID, request(SENDGRID_BODY, **SENDGRID_HEADERS), [secret], NOW * 1000) == signing.MISMATCH


def test_a_public_key_of_another_curve_matches_nothing() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = b64encode(key.sign(b"1600112502" + SENDGRID_BODY, ec.ECDSA(SHA256()))).decode()
    headers = SENDGRID_HEADERS | {"x_twilio_email_event_webhook_signature": signature}
    signed = request(SENDGRID_BODY, **headers)
    assert verify(SENDGRID, signed, [b64encode(public).decode()], NOW * 1000) == signing.MISMATCH


@pytest.mark.parametrize("signature", ["", "%", "a", "\u00fc"])
def test_a_signature_that_is_no_base64_is_none(signature: str) -> None:
    headers = SENDGRID_HEADERS | {"x_twilio_email_event_webhook_signature": signature}
    assert verify(SENDGRID, request(SENDGRID_BODY, **headers), [SENDGRID_KEY], NOW * 1000) == signing.NO_SIGNATURE


# HubSpot --------------------------------------------------------------------------------------------------------------

# tests/spec/utils/test_signature.py of HubSpot/hubspot-api-python
HUBSPOT_SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"  # noqa: S105 - of the published vector
HUBSPOT_BODY = b"{'example_field':'example_value'}"


def hubspot(url: str, signature: str, **headers: str) -> Request:
    stamped = {"x_hubspot_request_timestamp": "15000000"} | headers
    return request(HUBSPOT_BODY, url, x_hubspot_signature_v3=signature, **stamped)


def test_nasty_14_hubspots_published_vector_with_its_time_as_text() -> None:
    signed = hubspot("https://www.example.com/webhook_uri", "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw=")
    assert verify(HUBSPOT, signed, [HUBSPOT_SECRET], 15_000_000) is None
    late = 15_000_000 + 300_001
    assert verify(HUBSPOT, signed, [HUBSPOT_SECRET], late) == signing.WRONG_TIME
    as_float = replace(signed, headers={**signed.headers, "x-hubspot-request-timestamp": "15000000.0"})
    assert verify(HUBSPOT, as_float, [HUBSPOT_SECRET], 15_000_000) == signing.NO_TIME


def test_nasty_13_hubspot_decodes_some_escapes_of_the_public_url() -> None:
    # By: printf '%s' "POSThttps://in.example.com/in/hubspot?to=a@b&c=%20%26{'example_field':'example_value'}15000000"
    #   | openssl dgst -sha256 -hmac yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy -binary | base64
    signature = "Hb6G0/GIkqa7kX/uV+hW+DbfmiJUaSH+H3uVcSq3JAA="
    escaped = "https://in.example.com/in/hubspot?to=a%40b&c=%20%26"
    assert verify(HUBSPOT, hubspot(escaped, signature), [HUBSPOT_SECRET], 15_000_000) is None
    plain = "https://in.example.com/in/hubspot?to=a@b&c=%20%26"
    assert verify(HUBSPOT, hubspot(plain, signature), [HUBSPOT_SECRET], 15_000_000) is None
    inner = "http://gateway:9466/in/hubspot?to=a%40b&c=%20%26"
    assert verify(HUBSPOT, hubspot(inner, signature), [HUBSPOT_SECRET], 15_000_000) == signing.MISMATCH


def test_nasty_15_hubspots_time_stands_in_its_own_header() -> None:
    signed = request(
        HUBSPOT_BODY,
        "https://www.example.com/webhook_uri",
        x_hubspot_signature_v3="HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw=",
        x_hubspot_signature_timestamp="15000000",
    )
    assert verify(HUBSPOT, signed, [HUBSPOT_SECRET], 15_000_000) == signing.NO_TIME


# Mailgun, Segment -----------------------------------------------------------------------------------------------------


def mailgun(**changes: object) -> Request:
    # printf 17724428430123456789abcdef | openssl dgst -sha256 -hmac key-1
    signature: dict[str, Any] = {
        "timestamp": "1772442843",
        "token": "0123456789abcdef",
        "signature": "a63e7de6a4ea78e67efe6fe31dc37974b4f1807b7b0795dfc7e0d8f4195e20b2",
    }
    return request(json.dumps({"signature": signature | changes, "event-data": {"event": "opened"}}).encode())


def test_a_signature_in_the_body_is_over_time_and_token() -> None:
    assert verify(MAILGUN, mailgun(), ["key-1"], NOW * 1000) is None
    assert verify(MAILGUN, mailgun(timestamp=NOW), ["key-1"], NOW * 1000) is None
    assert verify(MAILGUN, mailgun(), ["key-2"], NOW * 1000) == signing.MISMATCH
    assert verify(MAILGUN, mailgun(token="1"), ["key-1"], NOW * 1000) == signing.MISMATCH  # noqa: S106 - no password
    assert verify(MAILGUN, mailgun(), ["key-1"], (NOW + 301) * 1000) == signing.WRONG_TIME


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"[1]", b"1", b'"signature"', b"{}", b'{"signature":"x"}', b"\xff", b"[" * 100_000),
        mailgun(signature=None).body,
        mailgun(token=1).body,
        mailgun(timestamp=[]).body,
    ],
)
def test_a_body_without_its_signature_is_refused(body: bytes) -> None:
    assert verify(MAILGUN, request(body), ["key-1"], NOW * 1000) == signing.NO_SIGNATURE


def test_a_signature_in_the_fields_of_a_form_is_accepted() -> None:
    signature = json.loads(mailgun().body)["signature"]
    form = urlencode({"event": "opened", "recipient": "ada@example.com"} | signature).encode()
    assert verify(MAILGUN, request(form), ["key-1"], NOW * 1000) is None
    assert verify(MAILGUN, request(form), ["key-2"], NOW * 1000) == signing.MISMATCH
    assert verify(MAILGUN, request(form + b"&a=1" * 1000), ["key-1"], NOW * 1000) == signing.NO_SIGNATURE


def test_a_signature_by_sha1_over_the_body_is_accepted() -> None:
    # printf '{"type":"track"}' | openssl dgst -sha1 -hmac shared
    signed = request(b'{"type":"track"}', x_signature="8ef5c8033c7c4ef5a254cf481bd84263d22af50a")
    assert verify(SEGMENT, signed, ["shared"], NOW * 1000) is None
    assert verify(SEGMENT, replace(signed, body=b'{"type": "track"}'), ["shared"], NOW * 1000) == signing.MISMATCH


# Unsigned -------------------------------------------------------------------------------------------------------------

BASIC = "Basic " + b64encode("üser:pass:word".encode()).decode()


@pytest.mark.parametrize(
    ("url", "authorization", "reason"),
    [
        (URL, BASIC, None),
        (URL, BASIC.replace("Basic", "basic"), None),
        (f"{URL}/t0ken", "", None),
        (f"{URL}/t0ken/?a=/b", "", None),
        (f"{URL}/t0ken", BASIC, None),
        (URL, "", signing.MISMATCH),
        (f"{URL}/t0ken2", "", signing.MISMATCH),
        (f"{URL}?t0ken", "", signing.MISMATCH),
        (URL, "Basic t0ken", signing.MISMATCH),
        (URL, "Basic", signing.NO_SIGNATURE),
        (URL, "Basic " + b64encode(b"t0ken").decode(), signing.MISMATCH),
        (f"{URL}/üser:pass:word", "", signing.MISMATCH),
        (f"{URL}/\udcff", "", signing.MISMATCH),
    ],
)
def test_an_unsigned_source_has_basic_auth_or_a_token(url: str, authorization: str, reason: str | None) -> None:
    posted = request(url=url, authorization=authorization) if authorization else request(url=url)
    assert verify(Unsigned(), posted, ["üser:pass:word", "t0ken"], NOW * 1000) == reason


# All ------------------------------------------------------------------------------------------------------------------

ALL: tuple[Signature, ...] = (STRIPE, HUBSPOT, SEGMENT, SENDGRID, MAILGUN, StandardWebhooks(), Unsigned())


@pytest.mark.parametrize("signature", ALL, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_is_accepted(signature: Signature, secrets: list[str]) -> None:
    assert verify(signature, request(), secrets, NOW * 1000) == signing.NO_SECRET


HEADERS = (
    "stripe-signature",
    "x-hubspot-signature-v3",
    "x-hubspot-request-timestamp",
    "x-signature",
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "authorization",
)
ANYTHING = st.one_of(st.text(st.characters(codec=None), max_size=30), st.just(str(NOW)), st.just(f"t={NOW},v1=a"))


@given(st.sampled_from(ALL), st.dictionaries(st.sampled_from(HEADERS), ANYTHING), st.binary(max_size=40), ANYTHING)
def test_no_request_makes_the_verifier_fail(
    signature: Signature, headers: dict[str, str], body: bytes, url: str
) -> None:
    posted = Request("POST", url, headers, body)
    assert verify(signature, posted, ["a secret that nobody has", SENDGRID_KEY], NOW * 1000) in signing.REASONS


def test_the_vectors_are_keys_and_signatures() -> None:
    assert len(b64decode(SENDGRID_KEY)) == len(b64decode(SENDGRID_OTHER_KEY)) == 91

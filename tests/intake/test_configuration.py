"""`sources.toml` is read or refused with file, table, key and rule; secrets are accepted by line and never shown."""

from pathlib import Path

import pytest

from stream_app.intake.configuration import (
    Configuration,
    ConfigurationError,
    GatewaySettings,
    read_configuration,
    secret_variable,
)
from stream_app.intake.identity_key import KEY_BYTES, create_identity_key, read_identity_key
from stream_app.sources.source import Hmac, Source, SourceSettings
from tests.intake.declared import PLAIN, PlainSettings

SIGNS_THE_URL: Source[SourceSettings] = Source(
    name="signs-url",
    title="Signs its URL",
    signature=Hmac(header="x", digest="sha256", encoding="hex", signed=("url", "body")),
    settings=SourceSettings,
    split=lambda _request, _received: [],
    events=lambda _item, _context: [],
    reads=(),
    steps=(),
)
DECLARED = {each.name: each for each in (PLAIN, SIGNS_THE_URL)}


def read(directory: Path, text: str) -> Configuration:
    path = directory / "sources.toml"
    path.write_text(text)
    return read_configuration(path, DECLARED)


def problems(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        read(directory, text)
    return [each.replace(f"{directory}/", "") for each in refused.value.problems]


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "plain.secret").write_text("new secret\n\n  old secret \n")
    found = read(
        tmp_path,
        """
        [gateway]
        public_url = "https://in.example.com"
        inbox = "parked"
        in_flight = 7
        [identity]
        account_key = "tenant"
        [sources.plain]
        secret_file = "plain.secret"
        stages = { "1" = "mql" }
        [sources.plain.pipelines.default]
        kind = "won"
        """,
    )
    assert (found.gateway.public_url, found.gateway.inbox, found.gateway.in_flight) == (
        "https://in.example.com",
        "parked",
        7,
    )
    assert found.identity.account_key == "tenant"
    plain = found.sources["plain"]
    assert isinstance(plain.settings, PlainSettings)
    assert plain.settings.stages == {"1": "mql"}
    assert plain.settings.pipelines["default"].kind == "won"
    assert plain.secrets == ("new secret", "old secret")


def test_no_secret_is_shown_by_what_holds_it(tmp_path: Path) -> None:
    (tmp_path / "plain.secret").write_text("open sesame")
    found = read(tmp_path, '[sources.plain]\nsecret_file = "plain.secret"')
    assert "sesame" not in repr(found)
    create_identity_key(tmp_path / "identity.key")
    key = read_identity_key(tmp_path / "identity.key")
    assert repr(key.key) not in repr(key)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    found = read(tmp_path, "")
    assert found.gateway == GatewaySettings()
    assert (found.gateway.inbox, found.gateway.in_flight, found.gateway.in_flight_bytes) == ("all", 256, 67_108_864)
    assert found.sources == {}


PLAIN_KEYS = "secret_file, unsigned, test, stages, pipelines"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gatway]", "[gatway]: no such table; there may be [gateway], [identity], [sources]"),
        (
            "[gateway]\nport = 1",
            "[gateway] port: no such key; there may be public_url, inbox, in_flight, in_flight_bytes",
        ),
        ('[gateway]\ninbox = "some-secret"', "[gateway] inbox: expected one of all, none, parked"),
        ("[gateway]\nin_flight = 0", "[gateway] in_flight: expected int >= 1"),
        ('[gateway]\nin_flight = "some-secret"', "[gateway] in_flight: expected int, got str"),
        ("[sources.plane]", "[sources.plane]: no such source; there are plain, signs-url"),
        (
            "[sources.plain]\nunsigned = true\nsecret = 1",
            f"[sources.plain] secret: no such key; there may be {PLAIN_KEYS}",
        ),
        (
            '[sources.plain]\nunsigned = true\n[sources.plain.pipelines.x]\nkind = "some-secret"',
            "[sources.plain] pipelines.*.kind: expected one of lost, won",
        ),
        (
            '[sources.plain]\nunsigned = true\n[sources.plain.pipelines.x]\nkind = "won"\nvon = 1',
            "[sources.plain] pipelines.*.von: no such key; there may be kind",
        ),
        (
            "[sources.plain]\nunsigned = true\n[sources.plain.pipelines.x]\n",
            "[sources.plain] pipelines.*.kind: is needed",
        ),
        (
            "[sources.plain]",
            (
                "[sources.plain] secret_file: is needed, or the variable STREAM_APP_SOURCE_PLAIN_SECRET_FILE, "
                "or unsigned = true"
            ),
        ),
        (
            '[sources.plain]\nsecret_file = "nowhere"',
            "[sources.plain] secret_file: cannot read nowhere: No such file or directory",
        ),
        (
            '[sources.plain]\nunsigned = true\nsecret_file = "nowhere"',
            "[sources.plain] unsigned: there is a secret, too; leave one of them out",
        ),
        ("sources = 1", "[sources]: expected a table of each source, as in [sources.events]"),
        ("[sources]\nplain = 1", "[sources.plain]: expected object, got int"),
    ],
)
def test_what_is_wrong_is_named_by_table_key_and_rule(tmp_path: Path, text: str, said: str) -> None:
    assert problems(tmp_path, text) == [f"sources.toml: {said}"]


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "[a]\n[gateway]\nx = 1\n[sources.plain]\n[sources.b]")) == 4


def test_a_secret_in_the_place_of_toml_is_not_repeated(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "[sources.plain]\nsecret = open sesame")
    assert said == "sources.toml is no TOML, at line 2, column 10"


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.secret").write_text("\n \n")
    (said,) = problems(tmp_path, '[sources.plain]\nsecret_file = "plain.secret"')
    assert said == (
        "sources.toml: [sources.plain] secret_file: plain.secret is empty: write the secret into its first line"
    )


def test_a_source_that_signs_its_url_needs_the_public_one(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    text = '[sources.signs-url]\nsecret_file = "secret"'
    assert problems(tmp_path, text) == ["sources.toml: [gateway] public_url: is needed, because Signs its URL signs it"]
    assert read(tmp_path, f'{text}\n[gateway]\npublic_url = "https://x"').sources.keys() == {"signs-url"}


def test_the_variable_wins_over_the_file_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret_variable("signs-url") == "STREAM_APP_SOURCE_SIGNS_URL_SECRET_FILE"
    (tmp_path / "elsewhere").write_text("theirs")
    monkeypatch.setenv("STREAM_APP_SOURCE_PLAIN_SECRET_FILE", str(tmp_path / "elsewhere"))
    found = read(tmp_path, '[sources.plain]\nsecret_file = "nowhere"')
    assert found.sources["plain"].secrets == ("theirs",)


def test_unsigned_requests_are_taken_only_where_that_is_said(tmp_path: Path) -> None:
    assert read(tmp_path, "[sources.plain]\nunsigned = true").sources["plain"].secrets == ()


def test_without_a_file_the_command_that_writes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="stream-app sources init NAME"):
        read_configuration(tmp_path / "sources.toml", DECLARED)


def test_an_identity_key_is_random_and_its_owners_alone(tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path in paths:
        create_identity_key(path)
        assert path.stat().st_mode & 0o777 == 0o600
    one, two = map(read_identity_key, paths)
    assert len(one.key) == KEY_BYTES
    assert one.key != two.key
    assert len(one.fingerprint) == 8
    assert one.fingerprint != two.fingerprint
    with pytest.raises(FileExistsError):
        create_identity_key(paths[0])
    assert read_identity_key(paths[0]) == one


def test_an_identity_key_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"x" * 33)
    with pytest.raises(ConfigurationError, match="has 33 bytes instead of 32"):
        read_identity_key(tmp_path / "key")
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_identity_key(tmp_path / "none")

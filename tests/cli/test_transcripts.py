"""Transcripts of the command line on real servers; the expected texts were written by hand."""

import json
from textwrap import dedent
from typing import Any

import pytest

from stream_app.clients.ports import free_port
from tests.cli.transcripts import Terminal
from tests.lanes import first_is_quick

AS_OF = ("--as-of", "2026-03-08T12:30:00Z")


def event(id_: str, kind: str, time: str, more: dict[str, Any] | None = None, /, **data: Any) -> str:  # noqa: ANN401
    return json.dumps({"id": id_, "type": kind, "time": time, "source": "/crm", **(more or {}), "data": data})


def price(minor: int) -> list[dict[str, Any]]:
    return [{"plan_id": "gold", "unit_amount_minor": minor, "interval": "month"}]


ACCOUNT = [
    # The id of what counts second comes first in the alphabet: the sequence decides.
    event(
        "s9",
        "subscription.changed",
        "2026-03-02T09:00:00Z",
        {"sequence": "1"},
        account_id="acme",
        subscription_id="gold",
        currency="EUR",
        items=price(303_800),
    ),
    event(
        "a0",
        "subscription.changed",
        "2026-03-02T09:00:00Z",
        {"sequence": "2"},
        account_id="acme",
        subscription_id="gold",
        currency="EUR",
        items=price(250_005),
    ),
    event(
        "o1",
        "opportunity.won",
        "2026-03-03T10:00:00Z",
        account_id="acme-inc",
        opportunity_id="o-7",
        kind="upsell",
        amount_minor=50_000,
        currency="JPY",
    ),
    event("m1", "account.merged", "2026-03-04T10:00:00Z", account_id="acme", merged_id="acme-inc"),
]


def step(id_: str, lead: str, name: str, due: str) -> str:
    return event(
        id_,
        "program.step_entered",
        "2026-03-02T09:00:00Z",
        lead_id=lead,
        program_id="welcome",
        enrollment_id=f"e-{lead}",
        step_id=name,
        due_at=due,
    )


STEPS = [
    step("p1", "L1", "hello", "2026-03-05T09:00:00Z"),
    step("p2", "L2", "hello", "2026-03-08T12:18:00Z"),
    step("p3", "L3", "hello", "2026-03-10T09:00:00Z"),
    step("p4", "L4", "bye", "2026-03-05T09:00:00Z"),
    event(
        "p5",
        "program.step_exited",
        "2026-03-03T09:00:00Z",
        lead_id="L4",
        program_id="welcome",
        enrollment_id="e-L4",
        step_id="bye",
        outcome="advanced",
    ),
]


@pytest.fixture
def filled(terminal: Terminal) -> Terminal:
    """A terminal whose servers have the events above."""
    assert "exit code" not in terminal.run("topics", "apply", "--partitions", "1")
    lines = "\n".join([*ACCOUNT, *STEPS]).encode()
    assert "exit code" not in terminal.run("produce", "-", stdin=lines)
    drained = terminal.run("--log-level", "error", "worker", "--drain")
    # A broker that has only now begun may refuse to name the coordinator at first, which is logged.
    assert drained.startswith("9 applied, 0 duplicates, 0 too late, 0 rejected\n")
    return terminal


def text(expected: str) -> str:
    return dedent(expected).removeprefix("\n")


def test_explain_account_prints_base_units_in_the_order_that_counts(filled: Terminal) -> None:
    assert filled.run("explain", "account", "acme") == text(
        """
        account acme, merged with acme-inc
        time                      what happened                                    counts  id  source
        2026-03-02T09:00:00.000Z  subscription gold: active, 3,038.00 EUR a month  yes     s9  /crm
        2026-03-02T09:00:00.000Z  subscription gold: active, 2,500.05 EUR a month  yes     a0  /crm
        2026-03-03T10:00:00.000Z  opportunity o-7: won (upsell), 50,000 JPY        yes     o1  /crm

        contributes
        time                      metric            labels                     amount
        now                       cohort_customers  2026-03                    1
        now                       cohort_mrr        2026-03 EUR                2,500.05 EUR
        now                       customers                                    1
        now                       mrr               EUR                        2,500.05 EUR
        2026-03-02T09:00:00.000Z  customer_change                              1
        2026-03-02T09:00:00.000Z  mrr_movement      EUR new                    2,500.05 EUR
        2026-03-02T09:00:00.000Z  new_customers     none none                  1
        2026-03-03T10:00:00.000Z  bookings          JPY upsell none none none  50,000 JPY
        2026-03-03T10:00:00.000Z  opportunities     created upsell             1
        2026-03-03T10:00:00.000Z  opportunities     won upsell                 1
        """
    )
    as_json = json.loads(filled.run("explain", "account", "acme", "--json"))
    assert [each["amount_minor"] for each in as_json["timeline"]] == [303_800, 250_005, 50_000]
    mrr, customers = ([each for each in as_json["facts"] if each["metric"] == name] for name in ("mrr", "customers"))
    assert mrr == [{"metric": "mrr", "labels": ["EUR"], "time": None, "amount_minor": 250_005}]
    assert customers == [{"metric": "customers", "labels": [], "time": None, "amount": 1}]


def test_explain_step_says_who_is_late_and_by_how_much(filled: Terminal) -> None:
    assert filled.run("explain", "step", "welcome", "hello", *AS_OF) == text(
        """
        lead  enrollment  due at                    late
        L1    e-L1        2026-03-05T09:00:00.000Z  3 d 3 h
        L2    e-L2        2026-03-08T12:18:00.000Z  12 min
        2 of 3 in the step are overdue
        """
    )
    assert filled.run("explain", "step", "welcome", "bye", *AS_OF) == "0 of 0 in the step are overdue\n"


def test_explain_step_of_an_unknown_name_suggests(filled: Terminal) -> None:
    assert filled.run("explain", "step", "welcome", "helo", *AS_OF) == text(
        """
        no step 'helo' in program welcome. Did you mean hello?
        exit code 1
        """
    )
    assert filled.run("explain", "step", "Welcom", "hello", "--json", *AS_OF) == text(
        """
        no program 'Welcom' has steps. Did you mean welcome?
        exit code 1
        """
    )


def test_kpis_are_for_people(filled: Terminal) -> None:
    assert filled.run("kpis", "lifecycle_mrr", *AS_OF) == text(
        """
        lifecycle_mrr_movement
          currency=EUR, movement=new, window=7d   2,500.05 EUR
          currency=EUR, movement=new, window=30d  2,500.05 EUR
          currency=EUR, movement=new, window=mtd  2,500.05 EUR
        lifecycle_mrr
          currency=EUR  2,500.05 EUR
        """
    )
    assert filled.run("kpis", "lifecycle_bookings", "--as-of", "2026-03-03T12:00:00Z").splitlines()[1:] == [
        "  currency=JPY, kind=upsell, source=none, channel=none, campaign=none, window=30d  50,000 JPY",
        "  currency=JPY, kind=upsell, source=none, channel=none, campaign=none, window=mtd  50,000 JPY",
    ]


def test_kpis_of_a_name_that_matches_nothing_suggests(filled: Terminal) -> None:
    assert filled.run("kpis", "lifecycle_booking_s") == text(
        """
        no series has 'lifecycle_booking_s' in its name. Did you mean bookings?
        exit code 1
        """
    )
    assert filled.run("kpis", "lost_opening") == "all of them are zero; --all prints them\n"


LONG = "L-" + "x" * 100
STAGES = "Expected one of lead, mql, sal, sql, opportunity, customer"
PERSONAL = ("pii_identifier", "Expected an identifier without @ - at `$.data.lead_id`")


def test_the_piped_list_of_dead_letters_is_whole_and_has_the_key(terminal: Terminal) -> None:
    terminal.run("topics", "apply", "--partitions", "1")
    bad = [
        event("1", "lead.stage_changed", "2026-03-02T09:00:00Z", lead_id=LONG, to="sekret"),
        event("2", "lead.created", "2026-03-02T09:00:00Z", lead_id="jane@example.com"),
    ]
    terminal.run("produce", "--raw", "-", stdin="\n".join(bad).encode())
    terminal.run("worker", "--drain", "--flood-ratio", "1")
    head, *rows = terminal.run("dlq", "list").splitlines()
    assert head.split() == ["topic", "partition", "offset", "time", "key", "cause", "detail"]
    cells = [row.split(maxsplit=6) for row in rows]
    assert [[*each[:3], *each[4:]] for each in cells] == [
        ["the-namespace.lead", "0", "0", LONG, "invalid", f"{STAGES} - at `$.data.to`"],
        ["the-namespace.lead", "0", "1", "(withheld)", *PERSONAL],
    ]
    assert [each["key"] for each in json.loads(terminal.run("dlq", "list", "--json"))] == [LONG, "(withheld)"]


def test_topics_list_names_what_is_there_and_what_is_missing(terminal: Terminal) -> None:
    assert terminal.run("topics", "list") == text(
        """
        topic                      partitions  copies  records
        the-namespace.lead         missing
        the-namespace.email        missing
        the-namespace.opportunity  missing
        the-namespace.billing      missing
        the-namespace.spend        missing
        the-namespace.survey       missing
        the-namespace.reach        missing
        the-namespace.dlq          missing
        8 missing; create them with `stream-app topics apply`
        """
    )
    terminal.run("topics", "apply", "--partitions", "2")
    terminal.run("produce", "-", stdin="\n".join(STEPS).encode())
    assert terminal.run("topics", "list") == text(
        """
        topic                      partitions  copies  records
        the-namespace.lead         2           1       5
        the-namespace.email        2           1       0
        the-namespace.opportunity  2           1       0
        the-namespace.billing      2           1       0
        the-namespace.spend        2           1       0
        the-namespace.survey       2           1       0
        the-namespace.reach        2           1       0
        the-namespace.dlq          1           1       0
        """
    )
    assert json.loads(terminal.run("topics", "list", "--json"))[0] == {
        "topic": "the-namespace.lead",
        "exists": True,
        "partitions": 2,
        "copies": 1,
        "records": 5,
    }


GOOD = event("1", "lead.created", "2026-03-02T09:14:00Z", lead_id="L")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "The line begins with a byte order mark: save the file as UTF-8 without one"),
        (
            f"[{GOOD}]".encode(),
            "The line is a JSON array: write one event a line, `jq -c '.[]' FILE | stream-app produce -`",
        ),
        (b"[", "The line is a JSON array: write one event a line, `jq -c '.[]' FILE | stream-app produce -`"),
        (b"{", "The line is a part of JSON: write one event a line, `jq -c . FILE | stream-app produce -`"),
        (
            b"\x1f\x8b\x08\x00xyz",
            "The file is compressed with gzip: unpack it, `gunzip -c FILE | stream-app produce -`",
        ),
        (
            GOOD.encode("utf-16"),
            "The file is UTF-16: convert it, `iconv -f UTF-16 -t UTF-8 FILE | stream-app produce -`",
        ),
    ],
    ids=["byte-order-mark", "array", "array-over-lines", "object-over-lines", "gzip", "utf-16"],
)
def test_produce_says_what_a_line_is_and_skips_blank_ones(terminal: Terminal, line: bytes, said: str) -> None:
    terminal.run("topics", "apply", "--partitions", "1")
    assert terminal.run("produce", "-", stdin=b"\n".join([b"", b" \t\r", GOOD.encode(), line])) == text(
        f"""
                 1 the-namespace.lead
        line 4: malformed: {said}
        1 bad line; stopped there
        exit code 1
        """
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("explian",), "Error: No such command 'explian'. Did you mean explain or replay?"),
        (("dlq", "lst"), "Error: No such command 'lst'. Did you mean list?"),
        (("topics", "create"), "Error: No such command 'create'. There is apply, list."),
        (("kpis", "--jsn"), "Error: No such option: --jsn Did you mean --json?"),
        (
            ("completion", "bsh"),
            "Error: Invalid value for '{bash|zsh|fish}': 'bsh' is not one of 'bash', 'zsh', 'fish'.",
        ),
    ],
    ids=" ".join,
)
def test_a_mistyped_command_or_option_suggests(terminal: Terminal, typed: tuple[str, ...], said: str) -> None:
    assert terminal.run(*typed).splitlines()[-2:] == [said, "exit code 2"]


@pytest.mark.parametrize(
    "command",
    first_is_quick(
        [
            "worker --drain",
            "produce -",
            "topics apply",
            "topics list",
            "tail",
            "dlq list",
            "dlq show the-namespace.lead 0 0",
            "dlq retry",
            "rebuild",
        ]
    ),
)
def test_without_kafka_every_command_says_one_sentence(terminal: Terminal, command: str) -> None:
    said = terminal.run("--log-level", "error", *command.split(), STREAM_APP_KAFKA_URL="kafka://127.0.0.1:1")
    assert said.splitlines()[-2:] == [
        "Kafka at kafka://127.0.0.1:1: nothing listens there. Start it, or correct STREAM_APP_KAFKA_URL",
        "exit code 69",
    ]
    assert len(said.splitlines()) == 2


def test_without_kafka_audit_says_one_sentence(filled: Terminal) -> None:
    assert filled.run("audit", STREAM_APP_KAFKA_URL="kafka://127.0.0.1:1") == text(
        """
        Kafka at kafka://127.0.0.1:1: nothing listens there. Start it, or correct STREAM_APP_KAFKA_URL
        exit code 69
        """
    )


def test_without_kafka_doctor_says_one_sentence_and_checks_the_rest(terminal: Terminal) -> None:
    said = terminal.run("doctor", STREAM_APP_KAFKA_URL="kafka://127.0.0.1:1", STREAM_APP_EXPORTER_PORT=str(free_port()))
    lines = said.splitlines()
    assert lines[0] == ("FAIL  kafka: 127.0.0.1:1: nothing listens there. Start it, or correct STREAM_APP_KAFKA_URL")
    assert [line for line in lines if line.startswith("FAIL")] == lines[:1]
    assert any(line.startswith("  ok  script: ") for line in lines)
    assert lines[-1] == "exit code 69"


def test_the_help_page_groups_the_commands_by_task(terminal: Terminal) -> None:
    headings = [line for line in terminal.run("--help").splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == [
        "Options:",
        "Try it:",
        "Bring events in:",
        "Keep the numbers:",
        "Read and explain the numbers:",
        "Set up and check:",
    ]

"""`docs/configuration.md`: every setting."""

from collections.abc import Iterable, Sequence

from stream_app.render.catalog import Rendered
from stream_app.render.markdown import GENERATED, page, table
from stream_app.spec.setting import Setting

PATH = "docs/configuration.md"

_INTRODUCTION = """\
Every setting is an environment variable. All but the secrets are flags too, of the commands that use them:
`STREAM_APP_REDIS_URL` is `--redis-url`. A flag wins over the environment. `stream-app config show` prints what is set.

Give all processes of a namespace the same environment: the worker, the exporter and `stream-app audit` must agree."""

_SECRETS = """\
A secret is never printed, and a URL that contains one is refused. It may stand in a file, which `{file}`
names. The file is read at the start; a new password needs a restart."""

_REDIS = """\
[redis.md](redis.md) says which Redis suits and what its URL is, also of sentinels, clusters and managed stores."""

_REBUILD = """\
These decide what the stored numbers are. After a change the worker refuses the numbers of the old value;
`stream-app rebuild` computes them anew beside the old ones and switches."""


def configuration_page(settings: Iterable[Setting]) -> Rendered:
    """Return the page."""
    left = list(settings)
    groups = {
        "Kafka": [each for each in left if each.name.startswith("kafka_")],
        "Redis": [each for each in left if each.name.startswith("redis_")],
        "What numbers are": [each for each in left if "needs a rebuild" in each.description],
    }
    groups["Everything else"] = [each for each in left if not any(each in group for group in groups.values())]
    secret = next((each for each in left if each.secret), None)
    notes = {
        "Kafka": _SECRETS.format(file=f"{secret.variable}_FILE") if secret else "",
        "Redis": _REDIS,
        "What numbers are": _REBUILD,
    }
    blocks = [
        block for title, group in groups.items() if group for block in _section(title, notes.get(title, ""), group)
    ]
    return {PATH: page("# Configuration", GENERATED, _INTRODUCTION, *blocks)}


def _section(title: str, note: str, settings: Sequence[Setting]) -> tuple[str, str, str]:
    rows = (
        (f"`{each.variable}`", f"`{each.default}`" if each.default else "", each.allowed, each.description)
        for each in settings
    )
    return f"## {title}", note, table(("variable", "default", "values", "meaning"), rows)

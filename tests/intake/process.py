"""`python -m tests.intake.process`: the gateway command for the sources that tests declare, as a process of its own."""

from stream_app.cli.gateway import run
from stream_app.cli.main import configure_log
from stream_app.clients.settings import Settings
from tests.intake.declared import DECLARED

if __name__ == "__main__":
    configure_log("info")
    run(Settings.load(), DECLARED)

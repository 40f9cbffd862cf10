"""Java 17, and jars that Maven Central holds: fetched once, by Maven, and then taken from a directory."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["LOGGING", "SLF4J_SIMPLE", "UnavailableError", "jars", "java", "run"]

# Kafka speaks slf4j 1.7 and brings no logger of its own; without one its errors would be lost.
SLF4J_SIMPLE = "org.slf4j:slf4j-simple:1.7.36"
LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")

_CACHE_VARIABLE = "STREAM_APP_KAFKA_CACHE"
_CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
_JAVA = 17
_START_SECONDS = 60
_DOWNLOAD_SECONDS = 600
_POM = """\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>stream-app</groupId>
  <artifactId>jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""
_DEPENDENCY = """\
    <dependency>
      <groupId>{}</groupId>
      <artifactId>{}</artifactId>
      <version>{}</version>
    </dependency>"""


class UnavailableError(RuntimeError):
    """What needs Java cannot be had on this machine; the message says why."""


def java() -> str:
    """Return the path of Java. Raises UnavailableError where there is none, or one that is too old."""
    program = _program("java")
    words = run([program, "--version"], _START_SECONDS, UnavailableError).split()
    if int(words[1].split(".")[0]) < _JAVA:
        message = f"this needs Java {_JAVA}, and {program} is {words[1]}"
        raise UnavailableError(message)
    return program


def jars(name: str, artifacts: Sequence[str]) -> str:
    """Return the class path of a directory, called `name`, of these artifacts and all that they need.

    An artifact is group:name:version. They are fetched, for a minute or so, unless some earlier run did it. Raises
    UnavailableError where Maven or the download is missing.
    """
    cache = Path(os.environ.get(_CACHE_VARIABLE) or _CACHE)
    found = cache / name
    if not found.exists():
        maven = _program("mvn")
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / "lock"), tempfile.TemporaryDirectory(dir=cache, prefix="download-") as scratch:
            if not found.exists():
                _fetch(maven, Path(scratch), artifacts, found)
    return str(found / "*")


def run(command: Sequence[str], seconds: float, failure: type[RuntimeError]) -> str:
    """Return what a command prints. Raises `failure` if it fails or takes longer than that."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and arguments of our own
            command, check=True, timeout=seconds, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as error:
        said = (error.stdout + error.stderr).strip().splitlines()
        message = f"{name} failed: " + "\n".join(said[:3])
        raise failure(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{name} took longer than {seconds:g} s"
        raise failure(message) from error
    return done.stdout


def _fetch(maven: str, scratch: Path, artifacts: Sequence[str], target: Path) -> None:
    pom = scratch / "pom.xml"
    pom.write_text(_POM.format(dependencies="\n".join(_DEPENDENCY.format(*each.split(":")) for each in artifacts)))
    fetched = scratch / "jars"
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    options = ["-q", "-B", "-f", str(pom), "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
    run([maven, *options, goal], _DOWNLOAD_SECONDS, UnavailableError)
    # Renamed when complete: whoever sees the directory sees all of it.
    fetched.rename(target)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        message = f"this needs {name}, which is not on the PATH"
        raise UnavailableError(message)
    return path

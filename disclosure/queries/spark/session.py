"""One Spark for the whole process: silent, on the loopback device alone, with private folders."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.queries.engine import Limits
from saferoom.errors import UnavailableError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOOPBACK = "127.0.0.1"
_OLDEST_JAVA = 17
_LOCK = threading.Lock()
_NO_PYSPARK = "the engine spark needs PySpark; install it with: pip install 'saferoom[spark]'"
_NO_JAVA = (
    "the engine spark needs Java 17 or newer, which was not found; on Debian or Ubuntu: "
    "apt-get install default-jre-headless"
)


@dataclass(frozen=True)
class SparkSettings:
    """Where Spark runs; belongs to a deployment, never to a query.

    Attributes
    ----------
    master : str
        ``local[*]`` for this machine, or a cluster's address. Its workers need the same Python packages, and the data
        under the same paths.
    memory_mib : int
        Of Java's heap on this machine.
    partitions : int
        Parts that rows are shuffled into.
    small : bool
        For little data: plans are interpreted, because making Java code of them would take longer than running them.
    """

    master: str = "local[*]"
    memory_mib: int = 2_000
    partitions: int = 8
    small: bool = False


def settings_for(limits: Limits) -> SparkSettings:
    """Return Spark on this machine within the limits of one check."""
    cores = limits.threads or min(os.cpu_count() or 1, 8)
    return SparkSettings(master=f"local[{cores}]", memory_mib=limits.memory_mib, partitions=2 * cores)


def missing() -> str | None:
    """Return the sentence that says what the engine spark lacks on this machine; None where it is all there."""
    if importlib.util.find_spec("pyspark") is None:
        return _NO_PYSPARK
    return None if java_version() >= _OLDEST_JAVA else _NO_JAVA


def java_version() -> int:
    """Return the version of the Java that Spark would start; 0 where there is none."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None:
        return 0
    try:
        asked = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', asked.stderr + asked.stdout)
    return int(found[1]) if found else 0


def errors() -> tuple[type[Exception], ...]:
    """Return the kinds of errors that Spark raises; their texts may quote data."""
    found: Any = (
        importlib.import_module("pyspark.errors").PySparkException,
        importlib.import_module("py4j.protocol").Py4JError,
    )
    kinds: tuple[type[Exception], ...] = found
    return kinds


def session(settings: SparkSettings) -> SparkSession:
    """Return a session of its own (names, settings) in the process's Spark, which is started when there is none.

    Raises
    ------
    UnavailableError
        PySpark or Java is missing, or Spark does not start.
    """
    with _LOCK:
        if _STARTED and _STARTED[0].sparkContext._jsc is None:
            _stop()
        if not _STARTED:
            lacking = missing()
            if lacking is not None:
                raise UnavailableError(lacking)
            _STARTED.append(_started(settings))
        return _STARTED[0].newSession()


_STARTED: list[SparkSession] = []
_FOLDERS = contextlib.ExitStack()


def _started(settings: SparkSettings) -> SparkSession:
    folder = Path(
        _FOLDERS.enter_context(tempfile.TemporaryDirectory(prefix="saferoom-spark-", ignore_cleanup_errors=True))
    )
    atexit.unregister(_stop)
    atexit.register(_stop)
    try:
        with warnings.catch_warnings(), _own_environment(folder):
            # It warns of libraries' versions, and leaves sockets to the collector.
            warnings.simplefilter("ignore")
            return _launched(_configuration(settings, folder))
    except Exception as error:
        _FOLDERS.close()
        raise UnavailableError(f"Spark could not be started ({type(error).__name__})") from None


def _launched(configuration: dict[str, str]) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        # They quote what a query failed on.
        logging.getLogger(name).disabled = True
    conf = SparkConf(loadDefaults=False)
    conf.setAll(list(configuration.items()))
    # Java's messages may quote data.
    launch: Any = importlib.import_module("pyspark.java_gateway").launch_gateway
    gateway = launch(conf, {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL})
    return SparkSession(SparkContext(gateway=gateway, conf=conf))


def _configuration(settings: SparkSettings, folder: Path) -> dict[str, str]:
    silent = folder / "log4j2.properties"
    silent.write_text("rootLogger.level = off\n")
    java = f"-Dlog4j2.configurationFile={silent.as_uri()} -Djava.io.tmpdir={folder} -Dderby.system.home={folder}"
    if settings.small:
        java += " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    return {
        "spark.app.name": "saferoom",
        "spark.master": settings.master,
        "spark.driver.host": _LOOPBACK,
        "spark.driver.bindAddress": _LOOPBACK,
        "spark.driver.memory": f"{settings.memory_mib}m",
        "spark.driver.extraJavaOptions": java,
        "spark.driver.maxResultSize": f"{settings.memory_mib}m",
        "spark.pyspark.python": sys.executable,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.io.encryption.enabled": "true",
        **_sql_configuration(settings),
    }


def _sql_configuration(settings: SparkSettings) -> dict[str, str]:
    return {
        # What is out of range, or is no number, is an error and not a missing value.
        "spark.sql.ansi.enabled": "true",
        "spark.sql.decimalOperations.allowPrecisionLoss": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.caseSensitive": "false",
        "spark.sql.shuffle.partitions": str(settings.partitions),
        "spark.sql.legacy.parquet.nanosAsLong": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.scriptTransformation.enabled": "false",
        "spark.sql.runSQLOnFiles": "false",
        "spark.sql.autoBroadcastJoinThreshold": "20m",
        **(_SMALL if settings.small else {}),
    }


_SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}


@contextlib.contextmanager
def _own_environment(folder: Path) -> Iterator[None]:
    """Start Spark with no settings but ours: variables and files of whoever starts the process do not count."""
    ours = {
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": _LOOPBACK,
        "PYSPARK_SUBMIT_ARGS": "pyspark-shell",
        "PYSPARK_PYTHON": sys.executable,
    }
    theirs = {name: value for name, value in os.environ.items() if name.startswith(("SPARK_", "PYSPARK_", "_PYSPARK_"))}
    try:
        for name in theirs:
            del os.environ[name]
        os.environ.update(ours)
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)
        os.environ.update(theirs)


def _stop() -> None:
    with contextlib.suppress(Exception):
        while _STARTED:
            context = _STARTED.pop().sparkContext
            gateway = context._gateway
            context.stop()
            type(context)._gateway = None
            type(context)._jvm = None
            if gateway is not None:
                gateway.shutdown()
                _ended(getattr(gateway, "proc", None))
    _FOLDERS.close()


def _ended(process: subprocess.Popen[bytes] | None) -> None:
    """Wait for our own Java to end: its standard input is what keeps it."""
    if process is not None:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

"""A Spark cluster of several processes on this machine for tests: started, stopped without leftovers, and harmed on purpose."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LOGGING = """\
status = error
rootLogger.level = warn
rootLogger.appenderRef.f.ref = f
appender.f.type = File
appender.f.name = f
appender.f.fileName = ${sys:tests.logfile:-/dev/null}
appender.f.layout.type = PatternLayout
appender.f.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex
"""


def _home(root: Path) -> Path:
    """A SPARK_HOME of links: workers write below it, and an installed package is no place for that."""
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    real, home = Path(spec.submodule_search_locations[0]), root / "home"
    (home / "conf").mkdir(parents=True)
    for name in ("bin", "sbin", "jars", "python"):
        (home / name).symlink_to(real / name)
    (home / "conf" / "log4j2.properties").write_text(_LOGGING)
    return home


def _settings(root: Path) -> dict[str, str]:
    java = f"-Djava.io.tmpdir={root}/tmp -XX:-UsePerfData"
    return {
        "spark.master": "local-cluster[2,1,2048]",  # two executors of one core each
        "spark.app.name": "streamline tests",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.executor.memory": "1g",
        "spark.local.dir": f"{root}/tmp",
        "spark.sql.warehouse.dir": f"{root}/warehouse",
        "spark.driver.extraJavaOptions": f"{java} -Dtests.logfile={root}/driver.log",
        "spark.executor.extraJavaOptions": java,
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "spark.executorEnv.NUMBA_NUM_THREADS": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
    }


@contextlib.contextmanager
def cluster() -> Iterator[Any]:
    """A session on two executors; everything it started and wrote is gone afterwards."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    root = Path(tempfile.mkdtemp(prefix="streamline-spark-"))
    (root / "tmp").mkdir()
    home = _home(root)
    ours = {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(home / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    names = (*ours, "PYSPARK_SUBMIT_ARGS", "SPARK_ENV_LOADED", "SPARK_SCALA_VERSION")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(ours)
    conf = SparkConf(loadDefaults=False)
    for key, value in _settings(root).items():
        conf.set(key, value)
    session = None
    try:
        with (root / "jvm.err").open("wb") as noise:
            gateway = launch_gateway(conf, {"stdout": noise, "stderr": noise})
            SparkContext._ensure_initialized(gateway=gateway)
        session = SparkSession.builder.config(conf=conf).getOrCreate()
        yield session
    finally:
        if session is not None:
            with contextlib.suppress(Exception):
                session.stop()
        _end(SparkContext)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(root, ignore_errors=True)


def _end(context: Any) -> None:
    """Stop the JVM and all that it started."""
    gateway = context._gateway
    if gateway is None:
        return
    started = descendants(gateway.proc.pid)
    with contextlib.suppress(Exception):
        gateway.shutdown()
    with contextlib.suppress(Exception):
        gateway.proc.stdin.close()
    try:
        gateway.proc.wait(30)
    except Exception:
        gateway.proc.kill()
        gateway.proc.wait(10)
    context._gateway = context._jvm = None
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        more = children.get(todo.pop(), [])
        found += more
        todo += more
    return found


def command_line(pid: int) -> list[str]:
    """The words of a process's command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def executors() -> list[int]:
    """The processes of this session's executors."""
    from pyspark import SparkContext

    name = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
    return [pid for pid in descendants(SparkContext._gateway.proc.pid) if name in command_line(pid)]


def python_workers() -> list[int]:
    """The Python processes that do the executors' work: children of the daemons, with the same command line."""
    from pyspark import SparkContext

    python = [pid for pid in descendants(SparkContext._gateway.proc.pid) if "pyspark.daemon" in command_line(pid)]
    parent = {}
    for pid in python:
        with contextlib.suppress(OSError):
            parent[pid] = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return [pid for pid in python if parent.get(pid) in python]

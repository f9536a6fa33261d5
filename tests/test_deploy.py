"""deploy/: systemd units, crontab and container files, as far as they can be tried without installing them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from annotated_types import Le
from ruamel.yaml import YAML

from aggregator.config import model

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
PROGRAM = "/opt/aggregator/bin/aggregator"
SERVICES = ("aggregator.service", "aggregator-run.service")
UNITS = (*SERVICES, "aggregator-run.timer")
#: The options of each command that the files rely on; "" are those before the command.
OPTIONS = {
    "": {"-c"},
    "run": set[str](),
    "serve": {"--host"},
}
#: Known to a younger systemd than the oldest one that the units are for, which says this and goes on.
NEW_KEYS = re.compile(r".*Unknown key.* '(?:RestartSteps|RestartMaxDelaySec)' in section .*")

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def finished(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=200, env={**os.environ, **environment})


def stand_in(folder: Path, script: str) -> Path:
    """Return a shell script that stands in for the installed command."""
    path = folder / "aggregator"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


# systemd


def service(unit: str) -> list[tuple[str, str]]:
    """Return the settings of the unit's section [Service], in their order."""
    section = read(f"deploy/{unit}").partition("[Service]\n")[2].partition("\n[")[0]
    pairs = (line.partition("=") for line in section.splitlines() if line and not line.startswith("#"))
    return [(key, value) for key, _, value in pairs]


@needs_systemd
def test_systemd_finds_no_mistake_in_the_units(tmp_path: Path) -> None:
    """Every key, value and dependency of the units is one that systemd knows."""
    command = str(stand_in(tmp_path, "exit 0"))
    for unit in UNITS:
        (tmp_path / unit).write_text(read(f"deploy/{unit}").replace(PROGRAM, command), encoding="utf-8")
    done = finished("systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit) for unit in UNITS))
    assert [line for line in done.stderr.splitlines() if line and not NEW_KEYS.fullmatch(line)] == []


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_is_exposed_by_no_more_than_1_5_of_10(unit: str) -> None:
    """What somebody could do who took over the service is little by systemd's own rating."""
    done = finished("systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", str(DEPLOY / unit))
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd-analyze before 250 rates running services only")
    assert done.returncode == 0, done.stdout


def test_both_services_give_up_the_same_rights() -> None:
    """The short run and the lasting service differ in how they start and stop, and in nothing else."""
    own = re.compile(r"Type|NotifyAccess|ExecStart|SuccessExitStatus|Timeout\w+Sec|WatchdogSec|Restart(?!rict)\w*")
    lasting, short = ([pair for pair in service(unit) if not own.fullmatch(pair[0])] for unit in SERVICES)
    assert ("ProtectSystem", "strict") in lasting
    assert lasting == short


def test_exit_codes_are_taken_for_what_they_mean() -> None:
    """A run that met the lock (4) has not failed; a wrong configuration (2) is not tried again and again."""
    assert dict(service("aggregator-run.service"))["SuccessExitStatus"] == "4"
    assert dict(service("aggregator.service"))["RestartPreventExitStatus"] == "2"


def test_every_request_has_room_for_its_threads() -> None:
    """As many requests at once as feeds.yaml allows, each with a look-up of a name, stay below the bounds."""
    (most,) = (rule.le for rule in model.FetchSettings.model_fields["concurrency"].metadata if isinstance(rule, Le))
    bounds = [int(dict(service(unit))["TasksMax"]) for unit in SERVICES]
    bounds.append(YAML(typ="safe").load(read("deploy/compose.yaml"))["services"]["aggregator"]["pids_limit"])
    assert isinstance(most, int)
    assert min(bounds) > 2 * most + 200


def test_commands_beside_the_service_run_as_the_service_does(tmp_path: Path) -> None:
    """User, folders, environment and the rights of new files are those of the unit."""
    path = stand_in(tmp_path, 'printf "%s\\n" "$@"').rename(tmp_path / "systemd-run")
    done = finished(str(DEPLOY / "aggregator.sh"), "posts", "two words", PATH=f"{path.parent}:{os.environ['PATH']}")
    options, _, command = done.stdout.partition(f"{PROGRAM}\n")
    assert command == "-c\n/etc/aggregator/feeds.yaml\nposts\ntwo words\n"
    given = dict(re.findall(r"--(?:property=)?(\w+)=(.*)", options))
    unit = dict(service("aggregator.service"))
    names = ("UMask", "StateDirectory", "StateDirectoryMode", "WorkingDirectory", "EnvironmentFile")
    assert given == {name: unit[name] for name in names} | {"uid": unit["User"], "gid": unit["Group"]}


# cron


def cron_job() -> tuple[list[str], str]:
    """Return the crontab's five fields of time, and its command."""
    lines = [line for line in read("deploy/crontab").splitlines() if line and not line.startswith("#")]
    variables = [line for line in lines if re.fullmatch(r"[A-Z]+=\S*", line)]
    (job,) = (line for line in lines if line not in variables)
    assert variables == ["MAILTO=root"]
    *fields, command = job.split(maxsplit=5)
    return fields, command


def test_the_crontab_is_one_line_that_cron_understands() -> None:
    """The job has five fields of time within their bounds, and no percent sign, which cron takes for a line break."""
    fields, command = cron_job()
    assert "%" not in command
    for field, (low, high) in zip(fields, [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)], strict=True):
        found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", field)
        assert found, field
        bounds = [int(number) for number in found.group(1, 2) if number]
        assert bounds == sorted(bounds)
        assert all(low <= number <= high for number in bounds)


@pytest.mark.parametrize(("code", "mail"), [(0, ""), (4, ""), (1, "cycle\noops\n"), (2, "cycle\noops\n")])
def test_cron_sends_mail_only_when_a_run_failed(tmp_path: Path, code: int, mail: str) -> None:
    """Success and a held lock say nothing; a failure says all that was printed."""
    program = stand_in(tmp_path, f"echo cycle; echo oops >&2; exit {code}")
    done = finished("sh", "-c", cron_job()[1].replace(PROGRAM, str(program)))
    assert done.stdout + done.stderr == mail


def test_what_cron_makes_is_not_for_everybody(tmp_path: Path) -> None:
    """New files have the rights that the units give them."""
    program = stand_in(tmp_path, "umask; exit 1")
    done = finished("sh", "-c", cron_job()[1].replace(PROGRAM, str(program)))
    assert done.stdout.strip() == dict(service("aggregator.service"))["UMask"]


# containers


def instructions(name: str) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions and their arguments, continued lines joined."""
    kept = "\n".join(line for line in read(name).splitlines() if line and not line.startswith("#"))
    pairs = (line.partition(" ") for line in re.sub(r"\\\n\s*", "", kept).splitlines())
    return [(word, arguments) for word, _, arguments in pairs]


def last_stage() -> dict[str, str]:
    every = instructions("deploy/Dockerfile")
    start = max(index for index, (word, _) in enumerate(every) if word == "FROM")
    return dict(every[start:])


def test_the_image_is_built_from_files_that_exist_and_are_sent() -> None:
    """Every source of COPY is in the checkout, and .dockerignore lets it through."""
    sent = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    copies = [arguments.split() for word, arguments in instructions("deploy/Dockerfile") if word == "COPY"]
    sources = {source for words in copies for source in words[:-1]}
    assert {"pyproject.toml", "aggregator"} <= sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert sources == sent


def test_the_image_runs_the_service_as_nobody_in_particular() -> None:
    """The container is no root, keeps its data in a volume, and is stopped by the signal that the service heeds."""
    stage = last_stage()
    assert stage["USER"] == "10001:10001"
    assert stage["VOLUME"] == "/data"
    assert stage["STOPSIGNAL"] == "SIGTERM"
    command = json.loads(stage["ENTRYPOINT"]) + json.loads(stage["CMD"])
    assert command == ["aggregator", "-c", "/data/feeds.yaml", "serve", "--host", "0.0.0.0"]


class Health(BaseHTTPRequestHandler):
    """Answers /healthz with the status that its server was given."""

    def do_GET(self) -> None:
        assert isinstance(self.server, HealthServer)
        self.send_response(self.server.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keep quiet."""


class HealthServer(HTTPServer):
    status = 200


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_of_the_image_tells_a_stuck_service(status: int, healthy: bool) -> None:
    """The check succeeds on 200 and fails on 503; the same program runs here as in the container."""
    check: list[str] = json.loads(last_stage()["HEALTHCHECK"].partition("CMD ")[2])
    with HealthServer(("127.0.0.1", 0), Health) as server:
        server.status = status
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        done = finished(sys.executable, "-c", check[2].replace("8080", str(server.server_port)))
        server.shutdown()
        thread.join()
    assert check[:2] == ["python", "-c"]
    assert (done.returncode == 0) is healthy, done.stderr


def test_the_composition_names_its_services_and_they_share_the_outputs() -> None:
    """The web server reads, and cannot write, the very volume that the service writes, at the root of its site."""
    compose: dict[str, Any] = YAML(typ="safe").load(read("deploy/compose.yaml"))
    services = compose["services"]
    assert set(services) == {"aggregator", "nginx", "postgresql"}
    assert [name for name, service in services.items() if "profiles" in service] == ["postgresql"]
    assert (DEPLOY / services["aggregator"]["build"]["context"] / "deploy/Dockerfile").is_file()
    assert "outputs:/data/public" in services["aggregator"]["volumes"]
    root = re.search(r"^    root (\S+);", read("deploy/nginx.conf"), re.MULTILINE)
    assert root
    assert f"outputs:{root.group(1)}:ro" in services["nginx"]["volumes"]
    mounts = [mount.split(":")[0] for service in services.values() for mount in service["volumes"]]
    assert {mount for mount in mounts if not mount.startswith(".")} == set(compose["volumes"])
    assert (DEPLOY / "nginx.conf").is_file()


# the command line


def command_lines() -> list[list[str]]:
    """Return the words after the program's name in every file that starts it."""
    units = [dict(service(unit))["ExecStart"] for unit in SERVICES]
    cron = re.search(re.escape(PROGRAM) + r"[^)>]*", cron_job()[1])
    assert cron
    stage = last_stage()
    image = json.loads(stage["ENTRYPOINT"]) + json.loads(stage["CMD"])
    return [*(shlex.split(line)[1:] for line in (*units, cron.group())), image[1:]]


def test_the_files_use_commands_and_options_that_are_promised() -> None:
    """Every command line is the configuration, one of the commands, and that command's own options."""
    used = set()
    for option, file, command, *rest in command_lines():
        assert option in OPTIONS[""]
        assert file.endswith("/feeds.yaml")
        assert {word for word in rest if word.startswith("-")} <= OPTIONS[command]
        used.add(command)
    assert used == {"run", "serve"}


@pytest.mark.parametrize("command", OPTIONS)
def test_the_program_has_the_options_that_the_files_use(command: str) -> None:
    """`--help` of the command names each option that stands in deploy/."""
    words = [command] if command else []
    done = finished(sys.executable, "-m", "aggregator", *words, "--help", NO_COLOR="1", TERM="dumb", COLUMNS="120")
    assert done.returncode == 0, done.stderr
    assert {option for option in OPTIONS[command] if not re.search(rf"{option}\b", done.stdout)} == set()

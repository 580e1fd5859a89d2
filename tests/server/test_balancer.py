"""Several servers behind nginx: one is killed, one comes back, all are restarted in turn, and nobody loses an edit."""

import asyncio
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress

import pytest

from tests.browser.conftest import ROOT, serve
from tests.tools.load.visitor import NoAnswerError, Visitor

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
CONFIGURATION = ROOT / ".github/deploy/nginx.conf"
W1 = ("W1", (0, 0))
pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """Servers on ports of their own, which stay theirs when they are started again."""

    def __init__(self, size):
        self.ports = [free_port() for _ in range(size)]
        self.metrics = [free_port() for _ in range(size)]
        self.processes = [None] * size

    def start(self, n):
        # One secret, so that what one server signs is good for all.
        env = {"MLPSCOPE_METRICS": f"127.0.0.1:{self.metrics[n]}", "STREAMLIT_SERVER_COOKIE_SECRET": "of these tests"}
        self.processes[n], _ = serve("app.py", ROOT, port=self.ports[n], env=env)

    def read_metrics(self, n):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics[n]}/metrics", timeout=5) as response:
            lines = response.read().decode().splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines if line[0] != "#")}

    def stop(self, n, kill=False):
        process = self.processes[n]
        process.kill() if kill else process.terminate()
        process.wait(20)


@contextmanager
def serve_balanced(folder, size, sticky=True):
    """Servers behind nginx with the project's configuration, in which only the addresses are others."""
    cluster, port = Cluster(size), free_port()
    text = CONFIGURATION.read_text()
    servers = "".join(f"server 127.0.0.1:{p} max_fails=1 fail_timeout=2s;" for p in cluster.ports)
    text, count = re.subn(r"(?:server app\d:8501 [^;]*;\s*)+", servers, text)
    assert count == 1
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("/tmp/", f"{folder}/")
    if not sticky:
        text, count = re.subn(r"hash \$visitor consistent;[^\n]*", "", text)
        assert count == 1
    (folder / "nginx.conf").write_text(text)
    nginx = None
    try:
        for n in range(size):
            cluster.start(n)
        command = [NGINX, "-c", folder / "nginx.conf", "-g", "daemon off;"]
        nginx = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            with suppress(OSError):
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
                break
            time.sleep(0.1)
        yield cluster, url
    finally:
        if nginx is not None:
            nginx.terminate()  # killed, it would leave its workers
            nginx.wait(10)
        for process in filter(None, cluster.processes):
            process.kill()
            process.wait(10)


class Member(Visitor):
    """A visitor whose tab behaves as the app's does: it comes back with what it keeps when a server is gone."""

    def __init__(self, url, number):
        super().__init__(url, "Step_through", cookie=f"mlpscope=visitor{number}", timeout=60)
        self.number, self.edits, self.returns = number, 0, 0
        self.kept = {}  # by the tab, of the last edit that was answered

    async def work(self, stop, pause):
        while not stop.is_set():
            value = self.number + (self.edits + 1) / 1000
            try:
                await self.edit(*W1, value)
            except NoAnswerError:
                await self.come_back()
            else:
                self.edits += 1
                self.kept = {name: self.get_payload(self.stage)["keep"][name] for name in ("link", "doc")}
            assert self.read_matrix("W1")[0] == (self.number + self.edits / 1000 if self.edits else 0.6)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def come_back(self):
        for _ in range(100):
            with suppress(OSError, Exception):
                await self.leave()
                await self.connect()
                await self.run()
                if self.kept:
                    await self.report("restore", self.kept)
                self.returns += 1
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"visitor {self.number} found no server")


async def run_members(url, people, disturb, inspect=lambda: None, pause=0.05):
    """Let visitors work while `disturb` runs in a thread; nobody has another's numbers, or loses an own one.

    `inspect` is called while they are all still there; `pause` is the seconds between two edits of one.
    """
    members = [Member(url, number) for number in range(1, people + 1)]
    for member in members:
        await member.__aenter__()
    stop = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for member in members:
                group.create_task(member.work(stop, pause))
            await asyncio.to_thread(disturb)
            before = [member.edits for member in members]
            async with asyncio.timeout(60 + 10 * pause):  # everybody works again
                while any(member.edits <= had for member, had in zip(members, before)):
                    await asyncio.sleep(0.05)
            stop.set()
        inspect()
        assert not [fault for member in members for fault in member.list_faults()]
    finally:
        for member in members:
            await member.leave()
    return members


def test_no_edit_is_lost_when_a_server_is_killed(tmp_path):
    with serve_balanced(tmp_path, 2) as (cluster, url):
        found = {}
        kill = lambda: (time.sleep(1), cluster.stop(0, kill=True))  # noqa: E731
        members = asyncio.run(run_members(url, 6, kill, lambda: found.update(cluster.read_metrics(1))))
        returned = [member.returns for member in members]
        assert any(returned), "no visitor was with the server that was killed"
        assert not all(returned), "visitors of the other server lost their connection"
        assert found["mlpscope_connections"] == 6
        assert found["mlpscope_reruns_total"] >= sum(m.edits for m in members if not m.returns)
        assert 0 < found["mlpscope_rerun_seconds_total"] < found["mlpscope_reruns_total"] * 60
        assert found["mlpscope_measurements"] == 0
        assert found["process_resident_memory_bytes"] > 50e6


@pytest.mark.nightly
@pytest.mark.parametrize("sticky", [True, False])
def test_no_edit_is_lost_in_a_rolling_restart_under_load(tmp_path, sticky):
    with serve_balanced(tmp_path, 3, sticky) as (cluster, url):

        def disturb():
            time.sleep(5)
            cluster.stop(0, kill=True)
            time.sleep(3)
            cluster.start(0)
            for n in range(3):
                cluster.stop(n)
                cluster.start(n)

        asyncio.run(run_members(url, 300, disturb, pause=5))


@pytest.mark.nightly
def test_an_upload_reaches_the_server_of_its_session(tmp_path):
    with serve_balanced(tmp_path, 3) as (_, url):

        async def bring(number):
            async with Member(url, number) as member:
                await member.act("File")
                node = next(n for n in member.list_widgets() if n.kind == "file_uploader")
                return await member.upload(node, "own.json", b"{}")

        async def bring_all():
            return await asyncio.gather(*map(bring, range(12)))

        assert set(asyncio.run(bring_all())) <= {200, 204}


def test_the_configuration_is_one_that_nginx_accepts(tmp_path):
    text = re.sub(r"app\d:8501", "127.0.0.1:8501", CONFIGURATION.read_text()).replace("/tmp/", f"{tmp_path}/")
    (tmp_path / "nginx.conf").write_text(text)
    run = subprocess.run([NGINX, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr

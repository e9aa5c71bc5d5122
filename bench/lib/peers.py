"""The programs that are measured, and the mock device behind them. All of them listen on 127.0.0.1 only."""
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import urllib.request

from lib import processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
WORK = BENCH / ".work"
MODELS = ["mock-16x0ms", "mock-200x1ms", "mock-200x5ms"]


def build_tools():
    """Compiles the mock device and the load generator where their source is newer."""
    WORK.mkdir(exist_ok=True)
    for name in ("cmockd", "ssebench"):
        source, program = BENCH / "tools" / f"{name}.c", WORK / name
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", str(program), str(source)], check=True)


class Peer:
    """A running program: a name, a port, the token it wants, its process, and those that it works with."""

    def __init__(self, name, port, process=None, token="none", behind=()):
        self.name, self.port, self.process, self.token = name, port, process, token
        self.processes = [each for each in (process, *behind) if each is not None]

    @property
    def pids(self):
        return [each.pid for each in self.processes]

    def stop(self):
        for process in self.processes:
            if process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start_mock():
    port = processes.free_port()
    process = subprocess.Popen([str(WORK / "cmockd"), str(port)])
    processes.wait_for_port(port, process)
    return Peer("direct", port, process)


def start_nginx(workers, upstream):
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        raise SystemExit("bench: nginx is missing, and it is the yardstick. On Debian and Ubuntu: sudo apt-get install nginx-light")
    port, folder = processes.free_port(), WORK / f"nginx-{workers}"
    folder.mkdir(exist_ok=True)
    # Started by root, nginx would hand its work to a user who may not read this folder.
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    words = {"USER": user, "WORKERS": workers, "FOLDER": folder, "PORT": port, "UPSTREAM": upstream}
    text = (BENCH / "nginx.conf.in").read_text(encoding="ascii")
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    (folder / "nginx.conf").write_text(text, encoding="ascii")
    process = subprocess.Popen([program, "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    processes.wait_for_port(port, process)
    return Peer(f"nginx {workers}", port, process)


class Mycel:
    """A node in a fresh data folder, set up as one in earnest: a key, limits, metrics, the usual log."""

    def __init__(self, mock_port, name="mycel", price="free"):
        self.folder = WORK / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.config = self.folder / "mycel.yaml"
        # The limits are high so that each request is charged against them and none is refused.
        relays = f"""\
relays:
  - url: http://127.0.0.1:{mock_port}
    name: mock
    max_concurrent: 1024
""" if mock_port else ""
        self.config.write_text(f"""\
data_dir: {self.folder}/data
credit:
  default_price: {price}
links:
  host: 127.0.0.1
  port: 0
{relays}queue:
  depth: 4096
  timeout_s: 60
limits:
  per_key:
    concurrent: 100000
    rate: 1000000/s
  total:
    concurrent: 100000
    rate: 1000000/s
""", encoding="ascii")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("MYCEL_")}
        self.env["MYCEL_CONFIG"] = str(self.config)
        self.command = [str(ROOT / "mycel")]

    def create_key(self, name, scope="inference"):
        """Makes a key with the command line; returns the secret."""
        done = subprocess.run(self.command + ["keys", "create", "--name", name, "--scope", scope, "--json"], env=self.env, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["secret"]

    def run(self, *arguments):
        """Runs a command of the command line on this node; returns what it printed."""
        return subprocess.run(self.command + list(arguments), env=self.env, check=True, capture_output=True, text=True).stdout

    def start(self, port, log_name="mycel.log"):
        """Starts the node; returns at once. What it writes goes to a file, as under a service manager."""
        with open(self.folder / log_name, "ab") as log:
            return subprocess.Popen(self.command + ["serve", "--port", str(port)], env=self.env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def start_mycel(mock_port, name="mycel"):
    node = Mycel(mock_port)
    token, port, process = start_node(node)
    wait_for_models(port, token)
    return Peer(name, port, process, token)


def start_node(node):
    token = node.create_key("bench")
    port = processes.free_port()
    process = node.start(port)
    processes.wait_for_port(port, process)
    return token, port, process


def start_two_nodes(mock_port, name="two nodes", price="free"):
    """A node that has the mock, and one of another account without anything that reaches it over a link; the second is the one to be asked."""
    folder = name.replace(" ", "-")
    serving, asking = Mycel(mock_port, f"mycel-{folder}-serving", price), Mycel(None, f"mycel-{folder}-asking")
    _, _, behind = start_node(serving)
    serving.run("network", "create", "bench")
    invite = serving.run("invite", "create").split()[0]
    token, port, process = start_node(asking)
    asking.run("join", invite)
    wait_for_models(port, token)
    return Peer(name, port, process, token, behind=[behind])


def wait_for_models(port, token, seconds=10):
    """Waits until the node lists the mock's models."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers={"Authorization": f"Bearer {token}"})
    listed = set()
    for _ in range(seconds * 20):
        with urllib.request.urlopen(request, timeout=5) as reply:
            listed = {model["id"].removeprefix("relay:") for model in json.load(reply)["data"]}
        if listed.issuperset(MODELS):
            return
        processes.time.sleep(0.05)
    raise RuntimeError(f"the node lists {sorted(listed)}, and {MODELS} are wanted")

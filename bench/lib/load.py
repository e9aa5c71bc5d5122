"""One measurement: a load on one peer, and what both of them used meanwhile."""
import dataclasses
import json
import subprocess

from lib import peers, processes


@dataclasses.dataclass(frozen=True)
class Scenario:
    """`tokens` is 0 for plain requests; else each request is a stream of so many tokens, `gap_ms` apart."""
    name: str
    clients: int
    model: str
    tokens: int = 0
    gap_ms: float = 0

    @property
    def streams(self):
        return self.tokens > 0

    @property
    def nominal_tokens_s(self):
        """Tokens a second at which a peer that adds no delay would be read."""
        return self.clients * 1000 / self.gap_ms if self.streams else 0


SCENARIOS = [
    Scenario("1 plain", 1, "mock-16x0ms"),
    Scenario("16 plain", 16, "mock-16x0ms"),
    Scenario("64 plain", 64, "mock-16x0ms"),
    Scenario("64 streams, 5 ms", 64, "mock-200x5ms", 200, 5),
    Scenario("64 streams, 1 ms", 64, "mock-200x1ms", 200, 1),
    Scenario("512 streams, 5 ms", 512, "mock-200x5ms", 200, 5),
    Scenario("512 streams, 1 ms", 512, "mock-200x1ms", 200, 1),
]


def ssebench(peer, scenario, seconds):
    """The load generator's command: new requests start for so many seconds, and all that started are finished."""
    command = [str(peers.WORK / "ssebench"), "-p", str(peer.port), "-a", peer.token, "-c", str(scenario.clients), "-m", scenario.model,
               "-n", "1000000000", "-t", str(seconds), "-j"]
    return command + (["-V"] if scenario.streams else ["-x"])


def measure(peer, mock, scenario, seconds):
    """Runs one load on one peer; returns the figures."""
    pids = [] if peer is mock else peer.pids
    peer_before = sum(processes.cpu_us(pid) for pid in pids)
    mock_before, machine_before = processes.cpu_us(mock.process.pid), processes.machine_busy_us()
    done = subprocess.run(ssebench(peer, scenario, seconds), capture_output=True, text=True, timeout=seconds + 90)
    machine = processes.machine_busy_us() - machine_before
    mock_cpu = processes.cpu_us(mock.process.pid) - mock_before
    peer_cpu = sum(processes.cpu_us(pid) for pid in pids) - peer_before
    if not done.stdout:
        raise RuntimeError(f"ssebench said nothing about {peer.name}: {done.stderr.strip()}")
    said = json.loads(done.stdout)
    completed = said["done"]
    units = said["tokens"] if scenario.streams else completed
    times = said["ttft_ms"] if scenario.streams else said["dur_ms"]
    memory = [processes.memory_mb(pid) for pid in pids]
    rss, peak = (sum(each[0] for each in memory), sum(each[1] for each in memory))
    return {
        "requests": completed,
        "req_s": said["req_s"],
        "tok_s": said["tok_s"],
        "p50_ms": times["p50"],
        "p99_ms": times["p99"],
        "gap_p99_ms": said["gap_ms"]["p99"],
        "cpu_us": peer_cpu / units if units else 0,
        "errors": said["errors"] + said["no_done"],
        "lost": max(0, completed * scenario.tokens - said["tokens"]) if scenario.streams else 0,
        "reordered": said["misordered"],
        "rss_mb": rss,
        "peak_mb": peak,
        "elapsed_s": said["elapsed_s"],
        # What neither client, nor peer, nor mock used: another program disturbed the measurement.
        "other_cpu": max(0.0, (machine - mock_cpu - peer_cpu - said["client_cpu_s"] * 1e6) / 1e6 / max(said["elapsed_s"], 0.001)),
    }

"""Time from the start of the process until /ready answers 200."""
import http.client
import statistics
import time

from lib import peers, processes


def ready(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def one_start(node, port, limit_s=20):
    """Milliseconds of one start, launcher included."""
    began = time.perf_counter()
    process = node.start(port, "startup.log")
    try:
        while not ready(port):
            if process.poll() is not None:
                raise RuntimeError(f"mycel ended at once with exit code {process.returncode}; see {node.folder}/startup.log")
            if time.perf_counter() - began > limit_s:
                raise RuntimeError(f"mycel was not ready within {limit_s} s; see {node.folder}/startup.log")
            time.sleep(0.002)
        return (time.perf_counter() - began) * 1000
    finally:
        peers.Peer("mycel", port, process).stop()


def measure(mock_port, starts):
    """Median and all figures in ms. The first start is left out: it may build, and it reads the files from disk."""
    node = peers.Mycel(mock_port)
    node.create_key("bench")
    port = processes.free_port()
    one_start(node, port, limit_s=300)
    figures = [one_start(node, port) for _ in range(starts)]
    return {"ready_ms": statistics.median(figures), "all_ms": figures}

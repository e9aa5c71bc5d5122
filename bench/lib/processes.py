"""What a process and its children use, read from /proc."""
import os
import socket
import time

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")


def _stat(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        # The name stands in parentheses and may hold spaces; what is of use comes after it.
        return file.read().rsplit(")", 1)[1].split()


def tree(root):
    """The process and all that descend from it and still run."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(_stat(entry)[1])
            except (OSError, IndexError):
                continue
    found, added = {root}, True
    while added:
        new = {pid for pid, parent in parents.items() if parent in found} - found
        found |= new
        added = bool(new)
    return found


def cpu_us(root):
    """User and system time of the whole tree so far, that of children already ended included, in microseconds."""
    total = 0
    for pid in tree(root):
        try:
            total += sum(int(field) for field in _stat(pid)[11:15])
        except OSError:
            continue
    return total * TICK_US


def memory_mb(root):
    """Resident memory of the whole tree now, and its peak, in MB (2^20 bytes)."""
    now = peak = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
                for line in file:
                    if line.startswith("VmRSS:"):
                        now += int(line.split()[1])
                    elif line.startswith("VmHWM:"):
                        peak += int(line.split()[1])
        except OSError:
            continue
    return now / 1024, peak / 1024


def machine_busy_us():
    """User, nice and system time of the whole machine so far, in microseconds. Interrupts are left out: they belong to all."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = file.readline().split()
    return (int(fields[1]) + int(fields[2]) + int(fields[3])) * TICK_US


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=10):
    """Waits until something listens; fails when the process ends or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended at once with exit code {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} did not listen on port {port} within {seconds} s")

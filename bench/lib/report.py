"""Medians over the rounds, ratios against nginx, and the tables."""
import statistics

# The bounds that the project set itself against nginx of the same run.
MAX_CPU_PER_REQUEST = 3.0
MIN_THROUGHPUT_AT_64 = 0.4
MAX_CPU_PER_TOKEN_AT_1_MS = 1.5
MAX_ADDED_TTFT = 1.5
MAX_MEMORY_MB = 150
MAX_READY_MS = 1000
# Where even the direct path reads less than this share of the tokens that the mock would send, the cores are simply full.
SATURATED_BELOW = 0.95
# Another program that took more than this share of a core makes a figure doubtful.
NOISY_ABOVE = 0.05


def medians(samples):
    return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}


def nginx_best(row, key, best):
    """The better figure of the nginx configurations."""
    figures = [row[name][key] for name in row if name.startswith("nginx")]
    return best(figures) if figures else None


def added_ttft(rounds, peer):
    """Median over the rounds of what a peer adds to the time of the first token, direct's taken away, in ms."""
    return statistics.median(each[peer]["p50_ms"] - each["direct"]["p50_ms"] for each in rounds)


class Check:
    """A figure beside its bound."""

    def __init__(self, what, value, bound, at_most=True, unit="", judged=True, note=""):
        self.what, self.value, self.bound, self.at_most, self.unit, self.judged, self.note = what, value, bound, at_most, unit, judged, note
        self.passed = value <= bound if at_most else value >= bound

    def as_dict(self):
        return {"what": self.what, "value": self.value, "bound": self.bound, "passed": self.passed, "judged": self.judged, "note": self.note}

    def line(self):
        mark = ("✓" if self.passed else "✗") if self.judged else "–"
        sign = "≤" if self.at_most else "≥"
        note = f" ({self.note})" if self.note else ""
        return f"| {mark} | {self.what}{note} | {self.value:.2f}{self.unit} | {sign} {self.bound:g}{self.unit} |"


def checks_of(scenario, rounds, row):
    """What one scenario shows about mycel, against the better nginx in each figure."""
    if "mycel" not in row or not any(name.startswith("nginx") for name in row):
        return []
    mycel, found = row["mycel"], []
    broken = sum(sample["mycel"][key] for sample in rounds for key in ("errors", "lost", "reordered"))
    found.append(Check(f"{scenario.name}: errors, tokens lost or reordered", broken, 0))
    cpu = mycel["cpu_us"] / max(nginx_best(row, "cpu_us", min), 0.001)
    if not scenario.streams:
        found.append(Check(f"{scenario.name}: CPU per request ÷ nginx", cpu, MAX_CPU_PER_REQUEST))
        if scenario.clients == 64:
            found.append(Check(f"{scenario.name}: requests/s ÷ nginx", mycel["req_s"] / nginx_best(row, "req_s", max), MIN_THROUGHPUT_AT_64, at_most=False))
        return found
    # Where the cores are full, each peer sends as many tokens in one piece as its backlog holds: figures a token then compare backlogs.
    full = row["direct"]["tok_s"] < SATURATED_BELOW * scenario.nominal_tokens_s
    note = "shown only: the cores are full even without a peer" if full else "" if scenario.gap_ms == 1 else "shown only: the bound is for 1 ms"
    found.append(Check(f"{scenario.name}: CPU per token ÷ nginx", cpu, MAX_CPU_PER_TOKEN_AT_1_MS, judged=not note, note=note))
    best = min(added_ttft(rounds, name) for name in row if name.startswith("nginx"))
    if best > 0:
        note = "shown only: the cores are full even without a peer" if full else ""
        found.append(Check(f"{scenario.name}: added TTFT p50 ÷ nginx", added_ttft(rounds, "mycel") / best, MAX_ADDED_TTFT, judged=not full, note=note))
    return found


def table(scenario, row):
    """The Markdown table of one scenario."""
    unit, time = ("token", "TTFT") if scenario.streams else ("request", "time")
    rate = "tokens/s" if scenario.streams else "requests/s"
    lines = [f"\n### {scenario.name}\n", f"| peer | {rate} | ÷ nginx | {time} p50 ms | p99 ms | CPU µs/{unit} | ÷ nginx | lost, reordered, errors | RSS MB (peak) |", "|---|---|---|---|---|---|---|---|---|"]
    key = "tok_s" if scenario.streams else "req_s"
    best_rate, best_cpu = nginx_best(row, key, max), nginx_best(row, "cpu_us", min)
    for name, figures in row.items():
        noisy = " †" if figures["other_cpu"] > NOISY_ABOVE else ""
        rate_ratio = f"{figures[key] / best_rate:.2f}" if best_rate else "–"
        cpu = f"{figures['cpu_us']:.1f}" if name != "direct" else "–"
        cpu_ratio = f"{figures['cpu_us'] / best_cpu:.2f}" if name != "direct" and best_cpu else "–"
        memory = f"{figures['rss_mb']:.0f} ({figures['peak_mb']:.0f})" if name != "direct" else "–"
        faults = f"{figures['lost']:.0f}, {figures['reordered']:.0f}, {figures['errors']:.0f}"
        lines.append(f"| {name}{noisy} | {figures[key]:,.0f} | {rate_ratio} | {figures['p50_ms']:.2f} | {figures['p99_ms']:.2f} | {cpu} | {cpu_ratio} | {faults} | {memory} |")
    return "\n".join(lines)


def targets(checks):
    lines = ["\n### Bounds\n", "| | what | measured | bound |", "|---|---|---|---|"]
    return "\n".join(lines + [check.line() for check in checks])

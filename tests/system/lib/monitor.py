# SPDX-License-Identifier: GPL-2.0-or-later
"""The hypervisor's monitor on its serial line, and the zones' consoles behind it (docs/monitor.md).

One line carries both: either the monitor or one zone is in front. Monitor and ZonePort keep track
and bring themselves to the front when they are used, so a test can talk to both in turn. Log lines
that the hypervisor shows between prompts are kept apart from the output of commands.
"""

import re
import time

from . import reports
from .console import Console, ConsoleError, DialogueError
from .paths import patience

PROMPT = "postern> "
ESCAPE = "\x1d"  # Ctrl-]
LOG_LINE = re.compile(r"^\[ *\d+\.\d{6}\] (.*?) *$", re.MULTILINE)


class MonitorError(DialogueError):
    """A command that ended in `error: ...`; the message is that text."""


class Monitor:
    def __init__(self, line: Console):
        self.line = line
        self.front = None  # name of the zone whose console is in front; None: the monitor

    def wait_ready(self, timeout=30):
        self.line.expect(rf"(?=^{re.escape(PROMPT)})", timeout)

    def run(self, command, timeout=30):
        """The lines a command prints, without the closing `ok`."""
        self.come_forward()
        self._type(command)
        match = self.line.expect(r"^(ok|error: .*)\n", timeout)
        if match.group(1) != "ok":
            raise MonitorError(f"{command}: {match.group(1).removeprefix('error: ')}")
        text = match.string[: match.start()]
        return [
            line.rstrip() for line in text.split("\n") if line.strip() and not LOG_LINE.match(line)
        ]

    def _type(self, command):
        self.line.send(command + "\n")
        # A log line that comes while we type has prompt and input drawn again: the last drawing is
        # complete.
        self.line.expect(rf"^{re.escape(PROMPT + command)}\n", 10)

    def zones(self):
        """{name: reports.Zone}"""
        return {zone.name: zone for zone in reports.zones(self.run("zones"))}

    def devices(self):
        """[reports.Device] that are not bridges."""
        return [d for d in reports.devices(self.run("devices")) if not d.bridge]

    def dump(self, zone):
        """A zone's view of config space, as text that `lspci -F` reads."""
        return "".join(f"{line}\n" for line in self.run(f"dump {zone}", 60))

    def faults(self):
        """[reports.Fault]: the DMA that was refused, oldest first."""
        return reports.faults(self.run("faults"))

    def exit_rates(self, zone, seconds):
        """{reason: exits per second} of the zone's CPUs over that time."""
        self.run(f"stats {zone}")  # rates count from here
        time.sleep(seconds)
        return reports.exit_rates(self.run(f"stats {zone}"))

    def size(self):
        """{section: bytes} as the running hypervisor tells it."""
        return reports.image_size(self.run("size"))

    def wait(self, zone, state, seconds=60):
        self.run(f"wait {zone} {state} {int(patience(seconds))}", seconds + 5)

    def wait_started(self, zone, starts, seconds=60):
        """Until the zone runs and has been started that often: a guest's reboot tells nobody when
        it begins.
        """
        deadline = time.monotonic() + patience(seconds)
        while True:
            now = self.zones()[zone]
            if now.state == "running" and now.starts >= starts:
                return
            if now.state == "failed" or time.monotonic() > deadline:
                raise ConsoleError(
                    f"zone {zone} is {now.state} after {now.starts} starts, "
                    f"not up for the {starts}."
                )
            time.sleep(0.2)

    def log(self):
        """The text of every log line shown so far, without its time."""
        return [m.group(1) for m in LOG_LINE.finditer(self.line.text().replace(PROMPT, "\n"))]

    def wait_log(self, pattern, timeout=30):
        """Waits until a log line (shown since boot) matches; returns the match."""
        regex = re.compile(pattern)
        self.come_forward()
        deadline = time.monotonic() + patience(timeout)
        while True:
            for line in self.log():
                match = regex.search(line)
                if match:
                    return match
            if time.monotonic() > deadline:
                raise ConsoleError(
                    f"no log line matches {pattern!r}; last seen:\n{self.line.tail()}"
                )
            time.sleep(0.1)

    def come_forward(self):
        if self.front is None:
            return
        self.line.send(ESCAPE)
        self.line.expect(rf"\[back in the monitor\]\n(?s:.*?)(?=^{re.escape(PROMPT)})", 10)
        self.front = None

    def bring(self, zone):
        """Puts a zone's console in front."""
        if self.front == zone:
            return
        self.run(f"console {zone}")
        self.front = zone


class ZonePort:
    """A zone's console with the methods of Console."""

    def __init__(self, monitor, zone):
        self.monitor = monitor
        self.zone = zone
        self.name = zone

    def send(self, text):
        self.monitor.bring(self.zone)
        self.monitor.line.send(text)

    def send_line(self, text=""):
        self.send(text + "\n")

    def expect(self, pattern, timeout=30, **kwargs):
        self.monitor.bring(self.zone)
        return self.monitor.line.expect(pattern, timeout, **kwargs)

    def skip(self):
        self.monitor.line.skip()

    def tail(self, lines=12):
        return self.monitor.line.tail(lines)

# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole system under test: the machine with the hypervisor, its monitor and a shell in every
zone.
"""

import os
import random
from dataclasses import replace

from . import paths
from .console import Shell
from .disk import MIB, DiskImage
from .machine import Igb, Machine, MachineSpec, Nvme
from .monitor import Monitor, ZonePort

BOOT_TIMEOUT = 90
DISK_SIZE = 256 * MIB


def make_seed(report):
    """The run's seed: new each time and printed; SEED= gives it again to repeat a run."""
    given = os.environ.get("SEED")
    seed = int(given, 0) if given else random.SystemRandom().getrandbits(63)
    report.say(f"seed {seed:#x} (SEED={seed:#x} repeats it)")
    return seed


class System:
    """Use as a context manager: QEMU never outlives it."""

    def __init__(self, name, disk_size=DISK_SIZE, records=None, **spec):
        self.records = records or paths.fresh_records(name)
        spec.setdefault("nvme", Nvme())
        spec.setdefault("igb", Igb())
        self.disk = None
        if spec["nvme"]:
            image = self.records / "nvme.img"
            self.disk = DiskImage(image, disk_size)
            spec["nvme"] = replace(spec["nvme"], image=image)
        self.spec = MachineSpec(**spec)
        self.machine = Machine(self.spec, self.records)
        self.root = None
        self.monitor = None
        self._zones = {}

    def __enter__(self):
        self.machine.start()
        self.monitor = Monitor(self.machine.consoles["hypervisor"])
        self.root = Shell(self.machine.consoles["root"], "root")
        return self

    def __exit__(self, *_):
        self.machine.stop()

    def tidy(self, report):
        """Removes what is large from the records, unless it may be wanted to understand a
        failure.
        """
        if not report.failed():
            for pattern in ("*.img", "*.bundle", "*.pcap", "*.ram"):
                for path in self.records.glob(pattern):
                    path.unlink()

    def zone(self, name="zone1"):
        """A shell on a nonroot zone's console."""
        if name not in self._zones:
            self._zones[name] = Shell(ZonePort(self.monitor, name), name)
        return self._zones[name]

    def boot(self, *zones):
        """From power-on to shells in root and in the zones named."""
        self.monitor.wait_ready(BOOT_TIMEOUT)
        for name in zones:
            self.zone(name).wait_ready(BOOT_TIMEOUT)
        self.root.wait_ready(BOOT_TIMEOUT)

    def power_off(self):
        """Through the monitor; returns when QEMU has ended and the image is final."""
        self.monitor.come_forward()
        self.monitor.line.send("poweroff\n")
        self.machine.wait_exit()

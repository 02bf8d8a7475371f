# SPDX-License-Identifier: GPL-2.0-or-later
"""Where built things are, where a test keeps its records, and how long it may wait."""

import os
import shutil
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
BUILD = TREE / os.environ.get("BUILD", "build")

HYPERVISOR = BUILD / "aarch64" / "postern.Image"
HYPERVISOR_ELF = BUILD / "aarch64" / "postern.elf"
GUEST_KERNEL = BUILD / "guest" / "Image"
ROOT_INITRD = BUILD / "guest" / "root.cpio.gz"
ZONE_INITRD = BUILD / "guest" / "zone.cpio.gz"
BAREMETAL = BUILD / "guest" / "baremetal.Image"
BUNDLE = BUILD / "demo.bundle"
POSTERN = BUILD / "host" / "postern"
IOTOOL = BUILD / "host" / "iotool"  # the native build: computes what must have arrived
MANIFESTS = TREE / "manifests"

RECORDS = BUILD / "system"

# Slow machines can stretch every deadline; a deadline never decides whether a result is right.
PATIENCE = float(os.environ.get("POSTERN_PATIENCE", "1"))


def patience(seconds):
    return seconds * PATIENCE


def fresh_records(name):
    """An empty directory for the transcripts, traces and images of one test."""
    path = RECORDS / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def shown(path):
    """A path as a reader in the source tree would type it."""
    return path.relative_to(TREE) if path.is_relative_to(TREE) else path


def require(*files):
    """Stops with the way out when something that should have been built is not there."""
    missing = [str(shown(f)) for f in files if not f.exists()]
    if missing:
        raise SystemExit(
            f"missing: {', '.join(missing)}; run `make demo` or `make test`, which build them"
        )

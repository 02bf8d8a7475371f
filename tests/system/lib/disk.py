# SPDX-License-Identifier: GPL-2.0-or-later
"""The NVMe drive's image, seen from the host: filled, hashed and verified here and nowhere else."""

import hashlib
import os
import random
import struct
import subprocess

from .paths import IOTOOL

MIB = 1 << 20
_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def _mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)


def stream_word(seed, index):
    """Word `index` of the test stream (tests/guest/seedstream.h), computed independently of
    iotool.
    """
    base = _mix((seed + _GAMMA) & _MASK)
    return _mix((base + (index + 1) * _GAMMA) & _MASK)


def stream(length, seed, offset=0):
    """The test stream in blocks of up to 1 MiB, from the native iotool."""
    command = [str(IOTOOL), "stream", str(offset), str(length), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        left = length
        while left:
            block = process.stdout.read(min(MIB, left))
            if not block:
                raise RuntimeError(f"iotool stream ended {left} bytes early")
            left -= len(block)
            yield block


class DiskImage:
    def __init__(self, path, size):
        """Creates the image, full of random bytes."""
        self.path = path
        self.size = size
        digest = hashlib.sha256()
        self._filled = []  # digest of each MiB
        with open(path, "wb") as image:
            for _ in range(size // MIB):
                block = os.urandom(MIB)
                digest.update(block)
                self._filled.append(hashlib.sha256(block).digest())
                image.write(block)
        self.filled_sha256 = digest.hexdigest()

    def sha256(self, length=None):
        """Of the image as it is now, or of its first `length` bytes (whole MiB)."""
        digest = hashlib.sha256()
        with open(self.path, "rb") as image:
            for _ in range((length or self.size) // MIB):
                digest.update(image.read(MIB))
        return digest.hexdigest()

    def mismatch(self, offset, length, seed, samples=4096):
        """None when [offset, offset+length) holds the seed's stream; else a sentence about the
        first difference.
        """
        with open(self.path, "rb") as image:
            image.seek(offset)
            at = offset
            for block in stream(length, seed):
                got = image.read(len(block))
                if got != block:
                    bad = next(i for i, (a, b) in enumerate(zip(got, block)) if a != b)
                    return f"byte {at + bad} is {got[bad]:#04x}, expected {block[bad]:#04x}"
                at += len(block)
            # iotool made the expectation; a second implementation vouches for iotool.
            for index in random.Random(seed).sample(range(length // 8), samples):
                image.seek(offset + 8 * index)
                (word,) = struct.unpack("<Q", image.read(8))
                if word != stream_word(seed, index):
                    return f"word {index} is {word:#x}, expected {stream_word(seed, index):#x}"
        return None

    def changed_outside(self, offset, length):
        """None when nothing outside [offset, offset+length) (whole MiB) changed since the image was
        filled.
        """
        with open(self.path, "rb") as image:
            for index, digest in enumerate(self._filled):
                now = hashlib.sha256(image.read(MIB)).digest()
                if now != digest and not offset <= index * MIB < offset + length:
                    return f"the MiB at {index * MIB:#x} changed"
        return None

    def remove(self):
        self.path.unlink(missing_ok=True)

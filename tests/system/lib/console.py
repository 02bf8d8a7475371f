# SPDX-License-Identifier: GPL-2.0-or-later
"""Serial dialogue: a line to a UART of the machine, and a shell at the other end of it.

A reader thread collects what the machine says; the test's thread waits for patterns in it. QEMU
itself keeps the transcript (machine.py gives the character device a log file).
"""

import itertools
import re
import select
import socket
import threading
import time

from .paths import patience

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")
DEATHS = re.compile(r"Kernel panic - not syncing[^\n]*|postern: panic[^\n]*")


class DialogueError(Exception):
    """Talking to the machine did not work out; every error of a dialogue is one."""


class ConsoleError(DialogueError):
    """The dialogue did not go on; the message ends with the last lines seen."""


class Console:
    def __init__(self, line, name):
        """Takes over the connected socket `line`."""
        self.name = name
        self._text = ""
        self._mark = 0  # everything before was consumed by expect()
        self._closed = False
        self._changed = threading.Condition()
        self._socket = line
        self._reader = threading.Thread(target=self._read, name=f"console {name}", daemon=True)
        self._reader.start()

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # QEMU is gone already
        self._reader.join(5)
        self._socket.close()

    def send(self, text):
        self._socket.sendall(text.encode())

    def send_line(self, text=""):
        self.send(text + "\n")

    def expect(self, pattern, timeout=30, fatal=DEATHS):
        """Waits for the pattern in what was not consumed yet, consumes through its end, returns the
        match.

        The text skipped on the way is match.string[:match.start()]. A match of `fatal` ends the
        wait at once.
        """
        regex = re.compile(pattern, re.MULTILINE) if isinstance(pattern, str) else pattern
        deadline = time.monotonic() + patience(timeout)
        with self._changed:
            while True:
                unread = self._text[self._mark :]
                match = regex.search(unread)
                if match:
                    self._mark += match.end()
                    return match
                death = fatal and fatal.search(unread)
                if death:
                    raise ConsoleError(f"{self.name}: {death.group(0)}")
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    why = (
                        "the line was closed"
                        if self._closed
                        else f"{patience(timeout):.0f} s passed"
                    )
                    raise ConsoleError(
                        f"{self.name}: {why} waiting for {regex.pattern!r}; last seen:\n"
                        f"{self.tail()}"
                    )
                self._changed.wait(left)

    def seen(self, pattern):
        """All matches of the pattern in everything that ever came, consumed or not."""
        with self._changed:
            return list(re.finditer(pattern, self._text, re.MULTILINE))

    def text(self):
        with self._changed:
            return self._text

    def tail(self, lines=12):
        return "\n".join("    | " + line for line in self._text.splitlines()[-lines:])

    def skip(self):
        """Consumes whatever came so far."""
        with self._changed:
            self._mark = len(self._text)

    def settle(self, quiet=0.5, timeout=10):
        """Returns when nothing came for `quiet` seconds."""
        deadline = time.monotonic() + patience(timeout)
        with self._changed:
            while not self._closed and time.monotonic() < deadline:
                length = len(self._text)
                self._changed.wait(quiet)
                if len(self._text) == length:
                    return

    def _read(self):
        partial = b""
        while True:
            select.select([self._socket], [], [])
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            # Escape sequences and UTF-8 may be split over reads: hold back an unfinished tail.
            data = partial + data
            cut = data.rfind(b"\x1b")
            if cut < 0 or len(data) - cut > 16 or ANSI.match(data[cut:].decode("latin-1")):
                cut = len(data)
            partial = data[cut:]
            text = ANSI.sub("", data[:cut].decode("utf-8", "replace")).replace("\r", "")
            with self._changed:
                self._text += text
                self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class CommandFailed(DialogueError):
    """A command in a zone's shell exited non-zero."""


class Shell:
    """A POSIX shell whose prompt is known, on a console or on anything with the same methods.

    Results are framed by markers that only execution can produce (the command line holds them in
    two pieces), so an echoing terminal and kernel messages between lines do no harm.
    """

    _numbers = itertools.count(1)

    def __init__(self, port, name):
        self.port = port
        self.name = name
        self.prompt = re.compile(rf"(?:^|\n){re.escape(name)}# ")

    def wait_ready(self, timeout=60, fatal=DEATHS):
        """From a booting kernel to a shell that answers.

        A prompt alone proves nothing: a console keeps what the zone's last life said.
        """
        self.port.expect(rf"init: {re.escape(self.name)} is up after", timeout, fatal=fatal)
        self.port.expect(self.prompt, timeout)
        self.sync()

    def sync(self, timeout=15):
        """Makes sure that a shell listens, whatever was typed before."""
        self.run("stty -echo 2> /dev/null; export NO_COLOR=1", timeout, check=False)

    def start(self, command, timeout=15):
        """Sends a command line, waits until the shell takes it up, returns the frame to hand to
        finish().
        """
        frame = next(self._numbers)
        self.port.send_line(f'echo "<""<{frame}"; {command}; echo "<""<{frame}:$?>"')
        self.port.expect(rf"<<{frame}\n", timeout)
        return frame

    def finish(self, frame, timeout=30, check=True):
        """Waits for the command's end; its output, without the frame."""
        match = self.port.expect(rf"<<{frame}:(\d+)>\n", timeout)
        output = self._clean(match.string[: match.start()])
        status = int(match.group(1))
        if check and status != 0:
            raise CommandFailed(f"{self.name}: exit status {status}\n{output}")
        return output

    def run(self, command, timeout=30, check=True):
        try:
            return self.finish(self.start(command), timeout, check)
        except CommandFailed as error:
            raise CommandFailed(f"{command}: {error}") from None

    def interrupt(self):
        """Control-C, then a fresh prompt."""
        self.port.send("\x03")
        self.sync()

    def _clean(self, text):
        lines = text.split("\n")
        # The prompt stands before whatever the line that closes the frame echoes or prints.
        lines = [re.sub(rf"^(?:{re.escape(self.name)}# )+", "", line) for line in lines]
        return "\n".join(line for line in lines if line and 'echo "<""<' not in line)

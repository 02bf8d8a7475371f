# SPDX-License-Identifier: GPL-2.0-or-later
"""The account a test gives: what is being done, what was measured, and PASS or FAIL with the
figures.
"""

import sys
import time


class Report:
    def __init__(self, title):
        self._start = time.monotonic()
        self.results = []
        print(title)
        print("=" * len(title), flush=True)

    def elapsed(self):
        return time.monotonic() - self._start

    def step(self, text):
        """A line of progress: long work is announced before it starts."""
        print(f"\n[{self.elapsed():6.1f} s] {text}", flush=True)

    def say(self, text=""):
        for line in str(text).splitlines() or [""]:
            print(f"    {line}".rstrip())
        sys.stdout.flush()

    def table(self, header, rows):
        cells = [[str(cell) for cell in row] for row in [header, *rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
        for number, row in enumerate(cells):
            self.say("  ".join(cell.ljust(width) for cell, width in zip(row, widths)))
            if number == 0:
                self.say("  ".join("-" * width for width in widths))

    def check(self, ok, name, figure=""):
        """Records one claim. Returns whether it held."""
        self.results.append((bool(ok), name, str(figure)))
        print(f"  {'PASS' if ok else 'FAIL'}  {name}{': ' if figure else ''}{figure}", flush=True)
        return bool(ok)

    def failed(self):
        return [name for ok, name, _ in self.results if not ok]

    def finish(self, whole=False):
        """Ends the account (whole: with every claim once more, all together) and returns the exit
        status.
        """
        failed = self.failed()
        shown = self.results if whole else [result for result in self.results if not result[0]]
        if shown:
            print("\nResult\n------")
        for ok, name, figure in shown:
            print(f"  {'PASS' if ok else 'FAIL'}  {name}{': ' if figure else ''}{figure}")
        print(
            f"\n{len(self.results) - len(failed)} passed, {len(failed)} failed, "
            f"{self.elapsed():.0f} s",
            flush=True,
        )
        return 1 if failed or not self.results else 0

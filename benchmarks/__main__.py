"""Run every benchmark, each in a process of its own, so that none inherits another's memory."""

import subprocess
import sys

NAMES = (
    "step", "unused_rows", "threshold", "overlap", "disk", "growth", "cka", "startup", "threads",
    "round", "gpu", "othello", "influence",
)  # fmt: skip

if __name__ == "__main__":
    failed = [
        name
        for name in NAMES
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]).returncode
    ]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)

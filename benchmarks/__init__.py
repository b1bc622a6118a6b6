"""Our code beside its peers', measured in the same run: `python -m benchmarks`, or one of them.

A benchmark is a module with `rows(options)`. Each peer is written anew from what it is described to
do, one small file in `peers/`; `tests/test_benchmarks.py` shows that it computes what ours does.
"""

import lnlib  # noqa: F401  before torch, as users have it: lnlib.threads

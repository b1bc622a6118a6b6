"""A drawn page of the book, opened from a disk in Chromium, and what a probe saw there."""

import json
import re
import shutil
import subprocess

import pytest
from house import ROOT

STATIC = ROOT / "book" / "_static"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH to open the page with")


def fragment(name):
    """The HTML that the page book/NAME.md brings."""
    page = (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8")
    return re.search(r"```\{raw\} html\n(.*?)```", page, re.DOTALL)[1]


def probed(folder, name, code, data, probe, opening, *options, before=""):
    """What the script `probe` has put into #seen after the page NAME was opened at a hash.

    `code` are the page's files and `data` the script NAME-data.js; `before` stands above it, and
    `options` are the browser's.
    """
    (folder / "_static").mkdir()
    (folder / "book").mkdir()
    for path in code:
        shutil.copy(path, folder / "_static")
    (folder / "_static" / f"{name}-data.js").write_text(data, "utf-8")
    page = folder / "book" / f"{name}.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8">{before}{fragment(name)}'
        f'<script type="text/plain" id="seen"></script><script>{probe}</script>',
        encoding="utf-8",
    )
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
         *options, "--dump-dom", page.as_uri() + opening],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(re.search(r'id="seen">(.*?)</script>', done.stdout, re.DOTALL)[1])

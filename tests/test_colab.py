"""Colab's path: the notebooks' first line installs lnlib and leaves torch and numpy as they are."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Colab's Python; what it brings is stood for by its metadata alone, in versions we do not pin.
PYTHON = sys.executable if sys.version_info[:2] == (3, 12) else shutil.which("python3.12")
if PYTHON and subprocess.run([PYTHON, "-c", "import ensurepip"], capture_output=True).returncode:
    PYTHON = None  # a version manager's empty shell, or Debian's without its venv module
BROUGHT = {"torch": "2.9.0", "numpy": "2.0.2"}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(PYTHON is None, reason="no python3.12 on PATH that makes environments")
def test_installing_lnlib_leaves_torch_and_numpy_alone(tmp_path):
    """What pip would install beside them, from a wheel; nothing is installed."""
    source, venv = tmp_path / "source", tmp_path / "venv"
    shutil.copytree(ROOT / "lnlib", source / "lnlib")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    run(PYTHON, "-m", "venv", venv)
    python = str(venv / "bin" / "python")
    (site,) = venv.glob("lib/python3.12/site-packages")
    for name, version in BROUGHT.items():
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        info.joinpath("RECORD").write_text("")
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, source)
    (wheel,) = tmp_path.glob("lnlib-*.whl")
    report = json.loads(run(*pip, "install", "--dry-run", "--report", "-", wheel))
    installed = {part["metadata"]["name"].lower() for part in report["install"]}
    assert "lnlib" in installed and "transformers" in installed  # so something was resolved
    assert not installed & set(BROUGHT)

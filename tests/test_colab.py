"""Colab's path: the notebooks' first line installs lnlib and leaves torch and numpy as they are."""

import json
import os
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


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
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


# A Python 3.12 that has torch, numpy and ipykernel in versions of its own, as Colab's has; torch
# for Linux is 3 GB on the package index, too much for every run of the tests.
COLAB = os.environ.get("COLAB_PYTHON")
REPOSITORY = "https://github.com/lnlib/language-neutral-subnetworks"
PARAMETERS = {
    "prune": ["sparsities", "[50]"],
    "transfer": ["langs", "ur,en"],
    "overlap": ["langs", "ur,en"],
    "exercises": [],
}


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """An environment over COLAB_PYTHON's packages, and what a kernel in it is started with."""
    home = tmp_path_factory.mktemp("colab")
    run(COLAB, "-m", "venv", home / "venv")
    brought = run(COLAB, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (site,) = home.glob("venv/lib/python*/site-packages")
    site.joinpath("brought.pth").write_text(brought)
    python = str(home / "venv" / "bin" / "python")
    spec = home / "kernels" / "colab" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Colab", "language": "python"}))
    env = {
        **os.environ,
        "JUPYTER_PATH": str(home),
        # The repository the first line names is this checkout's last commit.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{ROOT.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }
    env |= {"OMP_NUM_THREADS": "1"}  # two beside other tests would wait for each other
    env.pop("PYTHONPATH", None)
    return python, home, env


@pytest.mark.slow
@pytest.mark.skipif(not COLAB, reason="COLAB_PYTHON names no Python 3.12 with a torch of its own")
@pytest.mark.parametrize("name", PARAMETERS)
def test_a_notebook_runs_where_nothing_but_colabs_packages_is(colab, name):
    """From its first line, which installs lnlib, to its last; torch and numpy stay as they were."""
    python, home, env = colab
    versions = [python, "-c", "import numpy, torch; print(numpy.__version__, torch.__version__)"]
    before = run(*versions)
    given = [word for value in [PARAMETERS[name]] if value for word in ("-p", *value)]
    notebook = ROOT / "notebooks" / f"{name}.ipynb"
    papermill = (sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "colab", *given)
    run(*papermill, notebook, home / notebook.name, cwd=home, env=env)
    installed = run(python, "-c", "import lnlib; print(lnlib.__file__)", cwd=home)
    assert str(home) in installed  # the environment's own, not the checkout's
    assert run(*versions) == before

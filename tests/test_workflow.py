"""The grid on real engines: killed half-way and started again, it ends as if it never had been.

A run here is a papermill run of three training steps a round (tests/toy_site); what is tested is
everything around the training.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from lnlib.base.errors import UserError
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.coverage import MIXTURE
from lnlib.papers.foroutan.grid import plan
from lnlib.results.plan import time_left

ROOT = Path(__file__).resolve().parents[1]
GRID = ("tasks=ner,mlm", "langs=ur,sw", "seeds=0")  # 4 searches, 8 transfers: 12 runs
MADE_BY = ["seconds", "machine", "threads", "device"]  # where a row was made, not what it says

workflow = pytest.mark.skipif(
    shutil.which("snakemake", path=Path(sys.executable).parent) is None,
    reason="no snakemake: pip install '.[workflow]'",
)


def test_a_run_comes_after_those_it_needs():
    seen = set()
    for run in plan():
        assert seen.issuperset(run.needs), run.name
        seen.add(run.name)


def test_every_mask_of_a_task_is_moved_to_every_language_once():
    runs = {run.name: run for run in plan(tasks=["ner", "mlm"])}
    assert runs["ner/ur/seed0/transfer"].parameters["langs"].split(",")[-1] == MIXTURE
    for run in plan(tasks=["ner"], langs=["ur", "en"]):
        assert "mlm" not in run.name and "+" not in run.name
    assert {n for n in runs if "from" in n and "/ur/" in n} == {
        "ner/ur/seed0/transfer-from-mlm",
        "mlm/ur/seed0/transfer-from-ner",
        "ner/ur/seed0/transfer-from-seed1",
        "mlm/ur/seed0/transfer-from-seed1",
    }
    # The mask of the second seed is that of the same language, and no other.
    again = runs["ner/ur/seed0/transfer-from-seed1"]
    assert again.needs == ("ner/ur/seed1/prune", "ner/ur/seed0/prune")


def test_a_language_that_no_task_covers_is_refused():
    with pytest.raises(UserError, match="no task of xnli covers fa"):
        plan(tasks=["xnli"], langs=["fa"])


def test_the_time_left_follows_from_the_trainings_since_the_start():
    search, move = (next(r for r in plan() if r.notebook == n) for n in ("prune", "transfer"))
    old = next(r for r in plan() if r.seed == 1)
    grid, before = [old, search, move], {old.name}
    assert time_left(grid, before, before, 60) is None
    left = time_left(grid, before, {old.name, search.name}, 60)
    assert left == pytest.approx(60 * move.trainings / search.trainings)


def start(folder, *arguments, profile="local"):
    """The engine in a session of its own; what it says goes to engine.log."""
    path = os.pathsep.join([str(ROOT / "tests/toy_site"), str(ROOT)])
    with (folder / "engine.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "-s", str(ROOT / "workflow/Snakefile"),
             "--profile", str(ROOT / "workflow/profiles" / profile), *arguments],
            cwd=folder, env=os.environ | {"PYTHONPATH": path},
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def finished(folder, *arguments, profile="local"):
    """Exit code and words of an engine that was left alone."""
    code = start(folder, *arguments, profile=profile).wait(timeout=900)
    return code, (folder / "engine.log").read_text()


def stamps(folder):
    return sorted((folder / "runs/foroutan/demo").glob("*/*/seed0/*.done"))


def killed_then_finished(folder, *arguments, profile="local", whole_group=False):
    """Kill the engine once three runs are done, and start it again.

    `whole_group` kills the runs with it, as a machine that goes down would.
    """
    driver = start(folder, *arguments, profile=profile)
    deadline = time.monotonic() + 300
    while len(stamps(folder)) < 3:
        assert driver.poll() is None, (folder / "engine.log").read_text()
        assert time.monotonic() < deadline, "three runs took more than five minutes"
        time.sleep(0.2)
    if whole_group:
        os.killpg(driver.pid, signal.SIGKILL)
    else:
        driver.kill()
    driver.wait()
    tickets = [path.with_name("ticket.safetensors") for path in stamps(folder)]
    before = [path.stat().st_mtime_ns for path in tickets]
    subprocess.run([sys.executable, "-m", "snakemake", "-s", str(ROOT / "workflow/Snakefile"),
                    "--unlock"], cwd=folder, check=True, capture_output=True)  # fmt: skip
    code, said = finished(folder, *arguments, profile=profile)
    assert code == 0, said
    assert [path.stat().st_mtime_ns for path in tickets] == before, "a search was made again"


def measured(folder):
    scores = tables.read(folder / "results/foroutan/demo/scores.csv")
    return scores.drop(columns=MADE_BY), tables.read(folder / "results/foroutan/demo/overlap.csv")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The grid on this machine, two runs at a time, killed with all its runs and started again."""
    folder = tmp_path_factory.mktemp("local")
    killed_then_finished(folder, "--cores", "2", "--config", *GRID, whole_group=True)
    return folder


@workflow
@pytest.mark.slow
def test_a_killed_grid_ends_with_every_row_once(local):
    scores, overlap = measured(local)
    assert len(stamps(local)) == 4 + 4 + 4 + 2  # searches, moved, across tasks, NER at 80 %
    ur = scores[(scores["task"] == "ner") & (scores["lang"] == "ur") & (scores["sparsity"] == 50)]
    said = sorted(zip(ur["method"], ur["mask_task"], ur["mask_lang"], strict=True))
    assert said == [
        ("magnitude", "", ""), ("random", "", ""), ("shuffled", "ner", "ur"),
        ("ticket", "mlm", "ur"), ("ticket", "ner", "sw"), ("ticket", "ner", "ur"),
    ]  # fmt: skip
    # a task: the two languages, and of each its random, magnitude and shuffled; between tasks two
    assert len(overlap[overlap["by"] == "all"]) == 2 * (1 + 2 * 3) + 2


@workflow
@pytest.mark.slow
def test_a_failed_run_is_named_and_the_others_go_on(local, tmp_path):
    shutil.copytree(local / "runs", tmp_path / "runs")
    ticket = tmp_path / "runs/foroutan/demo/ner/sw/seed0/ticket.safetensors"
    ticket.write_bytes(ticket.read_bytes()[:1000])
    (tmp_path / "runs/foroutan/demo/mlm/ur/seed0/transfer.done").unlink()
    code, said = finished(tmp_path, "--cores", "2", "--config", *GRID)
    assert code != 0 and "not a whole ticket" in said
    named = said.partition("These stopped")[2]
    assert "ner/sw/seed0/prune.ipynb" in named and "transfer" not in named
    assert (tmp_path / "runs/foroutan/demo/mlm/ur/seed0/transfer.done").exists()


@workflow
def test_bad_settings_stop_the_grid_before_it_starts(tmp_path):
    for wrong, message in (
        ("langs=urdu", "unknown language 'urdu'"),
        ("seeds=a", "expected whole numbers"),
        ("seconds=soon", "expected whole numbers"),
        ("scale=papre", "did you mean 'paper'"),
        ("paper=foroutn", "did you mean 'foroutan'"),
    ):
        code, said = finished(tmp_path, "--cores", "1", "--config", wrong)
        assert code != 0 and message in said
        assert not (tmp_path / "runs").exists()


def test_two_runs_never_share_a_gpu(tmp_path):
    """Four commands, two GPUs: each sees one, and never one that another has at that time."""
    log = tmp_path / "log"
    job = (
        f'echo "+$CUDA_VISIBLE_DEVICES" >> {log}; sleep 0.3; echo "-$CUDA_VISIBLE_DEVICES" >> {log}'
    )
    env = os.environ | {"GPUS": "2", "TMPDIR": str(tmp_path)}
    env.pop("CUDA_VISIBLE_DEVICES", None)
    runs = [subprocess.Popen([ROOT / "workflow/on-a-gpu", "bash", "-c", job], env=env)
            for _ in range(4)]  # fmt: skip
    assert [run.wait(timeout=60) for run in runs] == [0] * 4
    held, used = set(), []
    for sign, gpu in log.read_text().split():
        if sign == "+":
            assert gpu not in held
            held.add(gpu)
            used.append(gpu)
        else:
            held.remove(gpu)
    assert sorted(used) == ["0", "0", "1", "1"]


# ---- SLURM ---------------------------------------------------------------------------------------

SLURM = {"munged", "slurmctld", "slurmd", "sbatch", "squeue", "srun"}
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
MISSING = sorted(name for name in SLURM if shutil.which(name, path=PATH) is None)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def cluster(tmp_path_factory, monkeypatch):
    """Debian's SLURM on one node, without accounting; its files and ports are its own."""
    home = tmp_path_factory.mktemp("slurm")
    host = socket.gethostname().split(".")[0]
    (home / "key").write_bytes(os.urandom(128))
    (home / "key").chmod(0o400)
    (home / "slurm.conf").write_text(f"""\
ClusterName=toy
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
    # Snakemake takes SLURM's variables out of a job, and the srun in it would look in /etc.
    srun = home / "bin/srun"
    srun.parent.mkdir()
    srun.write_text(
        f'#!/bin/sh\nSLURM_CONF={home}/slurm.conf exec {shutil.which("srun", path=PATH)} "$@"\n'
    )
    srun.chmod(0o755)
    monkeypatch.setenv("PATH", f"{srun.parent}{os.pathsep}{PATH}")
    monkeypatch.setenv("SLURM_CONF", str(home / "slurm.conf"))
    starts = (
        ["munged", "--foreground", "--force", f"--key-file={home}/key",
         f"--socket={home}/munge.socket", f"--pid-file={home}/munged.pid",
         f"--log-file={home}/munged.log", f"--seed-file={home}/seed"],
        ["slurmctld", "-D"],
        ["slurmd", "-D"],
    )  # fmt: skip
    daemons = []
    try:
        for words in starts:
            with (home / f"{words[0]}.err").open("w") as said:
                daemons.append(subprocess.Popen(words, stdout=said, stderr=said))
            time.sleep(1)
        deadline = time.monotonic() + 60
        while "idle" not in subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True,
                                           text=True).stdout:  # fmt: skip
            if time.monotonic() > deadline:
                logs = "\n".join(p.read_text()[-800:] for p in home.glob("*.log"))
                pytest.fail(f"SLURM did not come up:\n{logs}")
            time.sleep(0.5)
        yield home
    finally:
        subprocess.run(["scancel", "--user=root"], capture_output=True)
        time.sleep(1)
        for daemon in reversed(daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()


@workflow
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="SLURM's daemons are started as root")
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (slurm-wlm, munge)")
def test_slurm_ends_with_the_tables_of_a_local_run(local, cluster, tmp_path):
    killed_then_finished(
        tmp_path, "--slurm-status-command", "squeue", "--slurm-no-account",
        "--slurm-init-seconds-before-status-checks", "5", "--seconds-between-status-checks", "5",
        "--default-resources", "runtime=20", "--config", "seconds=10", *GRID, profile="slurm",
    )  # fmt: skip
    for here, there in zip(measured(tmp_path), measured(local), strict=True):
        pd.testing.assert_frame_equal(here, there)

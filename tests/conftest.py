"""Settings that have to stand before torch, tokenizers or huggingface_hub is imported."""

import multiprocessing
import os
import sys

# What lnlib gives encoders as small as a test's, here for all that a test and its children compute:
# more threads than cores wait for each other, ten times as long, and `make test` is two processes.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not survive a fork, and warn of it
os.environ.pop("HF_HUB_OFFLINE", None)  # tests of the unreachable hub set it themselves

import pytest


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """A random BERT of two layers, width 16."""
    import toys

    from lnlib.encoders import load_encoder

    return load_encoder(str(toys.save_encoder(tmp_path_factory.mktemp("bert"))))


@pytest.fixture(scope="session")
def mt5(tmp_path_factory):
    """A random mT5 with the head over its vocabulary, and a tokenizer that knows an end of text."""
    import torch
    import toys
    import transformers

    from lnlib.encoders import load_encoder

    folder = tmp_path_factory.mktemp("mt5")
    torch.manual_seed(0)
    transformers.MT5ForConditionalGeneration(toys.CONFIGS["mt5"]()).save_pretrained(folder)
    toys.tokenizer().save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.eos_token = "[SEP]"
    tokenizer.save_pretrained(folder)
    return load_encoder(str(folder))


@pytest.fixture(scope="session")
def ner(bert):
    """Urdu NER on it, three steps a round."""
    import toys

    from lnlib import Workbench

    return Workbench(bert, "ner", "ur", recipe=toys.RECIPE)


@pytest.fixture
def toy_scale(bert, monkeypatch):
    """Scale `demo` on that BERT, three steps a round, inside this process (see also toy_site)."""
    import toys

    from lnlib.papers.foroutan.scales import SCALES

    monkeypatch.setitem(SCALES, "demo", toys.demo(bert.path))


@pytest.fixture(scope="module")
def server():
    """Forks children from a process that has imported torch and done nothing with it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["stopped"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    context.Process(target=int).start()  # the server takes its surroundings from here
    yield context
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")  # while it is open, no loop of asyncio's can be run beside it
def chromium():
    """A browser that finds no other host."""
    from playwright.sync_api import sync_playwright
    from seen_pages import CHROMIUM

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--host-resolver-rules=MAP * ~NOTFOUND"]
        )
        yield started
        started.close()

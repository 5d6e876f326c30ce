"""The modules lie beside this folder; the artwork is fetched once for all tests."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory, request) -> Path:
    """Where artwork is kept: `--artwork FOLDER`, or one for this run."""
    return Path(request.config.getoption("--artwork") or tmp_path_factory.mktemp("artwork"))


@pytest.fixture(scope="session")
def studio(folder):
    from scenes import Studio

    return Studio(folder, variants=8, side=64)


def pytest_addoption(parser):
    parser.addoption("--artwork", help="a folder that keeps the artwork from one run to the next")

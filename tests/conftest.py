import os
import pathlib
import signal

import forked_trainings
import numpy as np
import PIL.Image
import pytest
import tiny_data

from benchmarks import trainings


def pytest_generate_tests(metafunc):
    """Refuses cases without an order, which each worker would shuffle."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        cases = dict(enumerate(mark.args), **mark.kwargs)
        if isinstance(cases.get(1, cases.get("argvalues")), set | frozenset):
            pytest.fail("sort this test's parameters", pytrace=False)


def pytest_collection_modifyitems(items):
    """Marks what needs whole trainings as slow, and lets it begin first.

    Files are shared out in this order: a long one at the end would keep one
    process waiting for the other.
    """
    whole_lives = pathlib.Path(__file__).parent / "end_to_end"
    for item in items:
        if whole_lives in item.path.parents or "trained" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
    slow_files = {i.path for i in items if i.get_closest_marker("slow")}
    items.sort(
        key=lambda item: (
            whole_lives not in item.path.parents,
            item.path not in slow_files,
        )
    )


@pytest.fixture(scope="session")
def shared_data():
    """The folder of test data, beside the project or where the user says."""
    project = pathlib.Path(__file__).resolve().parent.parent
    default = project.parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("TF_DCGAN_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"needs the test data, and {folder} does not exist")
    return folder


@pytest.fixture(scope="session", autouse=True)
def handled_sigterm():
    """Handles SIGTERM, as commands do.

    A process that leaves it to the system is ended once a training is saved.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmp_path_factory):
    """Keeps the tests' prepared data away from the user's, and shared."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("LOCALAPPDATA", str(folder))
        yield folder


@pytest.fixture(scope="session")
def tiny_mnist(tmp_path_factory):
    """A data_dir whose mnist.npz has 300 training images, 15 tiny batches."""
    folder = tmp_path_factory.mktemp("tiny_mnist")
    chance = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 300), ("test", 40)):
        images = np.zeros((count, 28, 28), np.uint8)
        for image in images:
            top, left = chance.integers(4, 12, 2)
            image[top : top + 12, left : left + 6] = chance.integers(128, 256)
        arrays[f"x_{split}"] = images
        arrays[f"y_{split}"] = chance.integers(0, 10, count).astype(np.uint8)
    np.savez(folder / "mnist.npz", **arrays)
    return folder


@pytest.fixture(scope="session")
def tiny_flags(tiny_mnist):
    """Flags of a training that takes a second after its start."""
    return [*tiny_data.TINY_FLAGS, f"--data_dir={tiny_mnist}"]


@pytest.fixture(scope="session")
def quick_flags(tiny_flags):
    """Flags of a training without convolutions, which starts sooner yet."""
    return [*tiny_flags, "--recipe=vanilla_gan"]


@pytest.fixture(scope="session")
def trained(tiny_flags, tmp_path_factory):
    """A finished tiny run (its folder), and what it printed.

    Tests only read it.
    """
    folder = tmp_path_factory.mktemp("runs") / "trained"
    output = trainings.train([*tiny_flags, "--epochs=3", f"--run_dir={folder}"])
    return folder, output


@pytest.fixture
def no_exports():
    """Leaves out what a run's end makes, which takes longer than its steps."""
    with forked_trainings.without_exports():
        yield


@pytest.fixture(scope="session")
def two_sets(tmp_path_factory):
    """A folder of stripes (A) and dots (B), RGB; only of A are some put aside.

    A is bright and lies along rows; B is dark.
    """
    folder = tmp_path_factory.mktemp("two_sets")
    chance = np.random.default_rng(0)
    for name, count in (("trainA", 50), ("testA", 44), ("trainB", 48)):
        (folder / name).mkdir()
        for number in range(count):
            if name.endswith("A"):
                pixels = chance.integers(128, 256, (24, 1, 3)).repeat(24, 1)
            else:
                pixels = chance.integers(0, 128, (24, 24, 3))
            image = PIL.Image.fromarray(pixels.astype(np.uint8))
            image.save(folder / name / f"{number:02d}.png")
    return folder


@pytest.fixture(scope="session")
def translation_flags(two_sets):
    """Flags of a tiny translation between the two sets."""
    return [
        "--recipe=cyclegan",
        f"--dataset={two_sets}",
        "--width=0.06",
        "--residual_blocks=1",
        "--image_size=24",
        "--batch_size=2",
        "--learning_rate_decay=none",
    ]


@pytest.fixture(scope="session")
def translated(translation_flags, tmp_path_factory):
    """A finished tiny run that translates (its folder), and what it printed.

    Tests only read it.
    """
    folder = tmp_path_factory.mktemp("runs") / "translated"
    output = forked_trainings.train(
        [*translation_flags, "--steps=4", f"--run_dir={folder}"]
    )
    return folder, output

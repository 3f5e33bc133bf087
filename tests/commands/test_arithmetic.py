"""`python -m tf_dcgan arithmetic`, called as its users call it."""

import json
import shutil

import numpy as np
import pytest

from tf_dcgan.commands import arithmetic
from tf_dcgan.common import errors, images, randomness
from tf_dcgan.metrics.features.classifier import classifier, training
from tf_dcgan.runs import runs as run_module
from tf_dcgan.sampling import concepts, generators, latents, samplers

_NUMBERS = ("--a=1,5,9", "--b=2,6,10", "--c=3,7:7,11")


def _arithmetic(*flags):
    arithmetic.main(["arithmetic.py", *flags])


@pytest.fixture(scope="module")
def tiny_classifier(tmp_path_factory):
    """A cache for a classifier that is trained in a second."""
    settings = training.Settings(width=4, epochs=2, batch_size=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "settings_for", lambda *_: settings)
        patch.setattr(concepts, "CANDIDATES", 128)
        yield f"--cache_dir={tmp_path_factory.mktemp('classifier_cache')}"


@pytest.fixture
def shown(monkeypatch):
    """What the picture is made from."""
    from tf_dcgan.sampling import latent_pictures

    calls = []
    draw = latent_pictures.arithmetic

    def spy(columns, neighbours, *, note, caption):
        calls.append((columns, neighbours, note, caption))
        return draw(columns, neighbours, note=note, caption=caption)

    monkeypatch.setattr(latent_pictures, "arithmetic", spy)
    return calls


@pytest.fixture(scope="module")
def sampler(trained):
    run = run_module.open_run(trained[0])
    generator, _ = generators.load_generator(run)
    return samplers.Sampler(generator, run.data.content_box)


@pytest.mark.slow
def test_it_shows_samples_means_and_the_result_with_its_neighbours(
    trained, tmp_path, shown, sampler
):
    out = tmp_path / "new" / "a.png"
    _arithmetic(f"--run_dir={trained[0]}", *_NUMBERS, f"--out={out}")
    ((columns, neighbours, note, caption),) = shown
    all_samples = sampler(0, 0, 64)
    vectors = np.concatenate(
        [
            randomness.sample_latents(0, [*range(12)], latent_dim=100),
            randomness.sample_latents(7, [7], latent_dim=100),
        ]
    )
    a, b = vectors[[1, 5, 9]].mean(0), vectors[[2, 6, 10]].mean(0)
    c = vectors[[3, 12, 11]].mean(0)
    assert [column.name for column in columns] == ["A", "B", "C"]
    np.testing.assert_array_equal(columns[0].samples, all_samples[[1, 5, 9]])
    np.testing.assert_array_equal(columns[1].samples, all_samples[[2, 6, 10]])
    np.testing.assert_array_equal(columns[2].samples[1], sampler(7, 0, 64)[7])
    expected = sampler.from_latents(np.stack([a, b, c, a - b + c]))
    pictures = [*(column.mean for column in columns), neighbours[4]]
    # The means here are of float32, those there of float64.
    assert np.abs(np.int64(pictures) - expected).max() <= 1
    assert neighbours.shape == (9, 28, 28, 1)
    assert len(np.unique(neighbours, axis=0)) == 9
    assert [column.numbers for column in columns] == [
        "1,5,9",
        "2,6,10",
        "3,7:7,11",
    ]
    assert "±0.25" in note
    assert caption == "A - B + C with the mean latents of samples, seed 0"
    assert images.read_png(out).shape[2] == 1


@pytest.mark.slow
def test_the_others_differ_from_the_result_by_no_more_than_the_noise(
    trained, tmp_path, shown, monkeypatch
):
    neighbourhoods = []
    neighbourhood = latents.neighbourhood

    def spy(center, offsets):
        neighbourhoods.append(neighbourhood(center, offsets))
        return neighbourhoods[-1]

    monkeypatch.setattr(latents, "neighbourhood", spy)
    flags = [f"--run_dir={trained[0]}", *_NUMBERS, f"--out={tmp_path}/a.png"]
    _arithmetic(*flags)
    _arithmetic(*flags, "--noise=0")
    offsets = neighbourhoods[0] - neighbourhoods[0][4]
    assert 0.24 < np.abs(offsets).max() <= 0.25 + 1e-6
    assert abs(offsets.mean()) < 0.02
    assert len(np.unique(shown[1][1], axis=0)) == 1


@pytest.mark.slow
def test_rescaling_brings_result_and_means_to_the_typical_length(
    trained, tmp_path, monkeypatch
):
    batches = []
    from_latents = samplers.Sampler.from_latents

    def spy(self, vectors):
        batches.append(np.array(vectors))
        return from_latents(self, vectors)

    monkeypatch.setattr(samplers.Sampler, "from_latents", spy)
    flags = [f"--run_dir={trained[0]}", *_NUMBERS, f"--out={tmp_path}/a.png"]
    _arithmetic(*flags, "--noise=0", "--rescale")
    _arithmetic(*flags, "--noise=0")
    rescaled, plain = (
        [*(part[-1] for part in half[:3]), half[3][4]]
        for half in (batches[:4], batches[4:])
    )
    for with_it, without in zip(rescaled, plain, strict=True):
        assert np.linalg.norm(with_it) == pytest.approx(10, abs=1e-4)
        length = np.linalg.norm(without)
        assert abs(length - 10) > 1e-3
        np.testing.assert_allclose(with_it, without * (10 / length), rtol=1e-4)
    # The samples themselves are as they were drawn.
    np.testing.assert_array_equal(batches[0][:-1], batches[4][:-1])


@pytest.mark.slow
def test_the_same_command_writes_the_same_file(trained, tmp_path):
    for name in "xy":
        _arithmetic(
            f"--run_dir={trained[0]}", *_NUMBERS, f"--out={tmp_path / name}.png"
        )
    first, second = (tmp_path / f"{name}.png" for name in "xy")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_it_tells_what_is_needed_to_repeat_it(trained, tmp_path, capsys):
    out = tmp_path / "a.png"
    _arithmetic(f"--run_dir={trained[0]}", *_NUMBERS, f"--out={out}")
    assert capsys.readouterr().out == (
        f"{out}: A - B + C with --a=1,5,9 --b=2,6,10 --c=3,7:7,11 --seed=0, "
        "noise 0.25, not rescaled, ema weights of step 45\n"
    )


@pytest.mark.slow
def test_fewer_than_three_samples_are_warned_of(trained, tmp_path, capsys):
    _arithmetic(
        f"--run_dir={trained[0]}",
        "--a=1",
        "--b=2,3",
        "--c=4,5,6",
        f"--out={tmp_path / 'a.png'}",
    )
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith("warning: --a, --b: the mean of fewer than 3")


@pytest.mark.slow
def test_the_classifier_chooses_and_its_choice_can_be_repeated(
    trained, tmp_path, tiny_classifier, capsys
):
    run = run_module.open_run(trained[0])
    generator, _ = generators.load_generator(run)
    judged = concepts.judge(
        run,
        samplers.Sampler(generator, run.data.content_box),
        seed=0,
        data_dir=None,
        cache_dir=tiny_classifier.partition("=")[2],
    )
    often = int(np.bincount(judged.log_odds.argmax(1), minlength=10).argmax())
    capsys.readouterr()
    flags = [f"--run_dir={trained[0]}", "--b=2,6,10", "--c=3,7,11"]
    _arithmetic(
        *flags,
        f"--a=class:{often}",
        "--num_samples=4",
        tiny_classifier,
        f"--out={tmp_path / 'class.png'}",
    )
    choice, last = capsys.readouterr().out.splitlines()
    assert choice.startswith(f"--a=class:{often}: samples ")
    numbers = last.split("--a=")[1].split()[0]
    sureness = judged.log_odds[:, often]
    assert [int(number) for number in numbers.split(",")] == [
        *np.argsort(-sureness, kind="stable")[:4]
    ]
    _arithmetic(*flags, f"--a={numbers}", f"--out={tmp_path / 'again.png'}")
    first, again = (
        images.read_png(tmp_path / name) for name in ("class.png", "again.png")
    )
    # Only the title of the first column and what it takes up differs.
    np.testing.assert_array_equal(first[-200:, -300:], again[-200:, -300:])


def test_too_few_of_a_class_are_told():
    judged = concepts.Judged(0, ("x", "y"), np.array([[1.0, -1], [-2, 2]]))
    points, probability = judged.surest("y", count=1, flag="a")
    assert points == [latents.Point(0, 1)]
    assert probability == pytest.approx(1 / (1 + np.exp(-2)))
    with pytest.raises(errors.UserError, match="--b=class:x.* finds 1 in"):
        judged.surest("x", count=2, flag="b")


def test_log_odds_are_those_of_the_softmax():
    logits = np.log([[0.2, 0.3, 0.5]])
    expected = np.log([[0.2 / 0.8, 0.3 / 0.7, 0.5 / 0.5]])
    np.testing.assert_allclose(concepts.log_odds(logits), expected, atol=1e-12)


def test_log_odds_tell_apart_what_a_softmax_rounds_to_one():
    log_odds = concepts.log_odds(np.float32([[90, 0], [100, 0]]))
    np.testing.assert_allclose(log_odds[:, 0], [90, 100], atol=1e-12)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--a=", "'' is not the number of a sample"),
        ("--a=1,-2,3", "'-2' is not the number of a sample"),
        ("--a=clas:3", "names neither samples nor a class: give numbers"),
        ("--b=1,5,1", "names sample 1 twice"),
        ("--b=1,5,0:1", "names sample 1 twice"),
        ("--c=" + ",".join(map(str, range(17))), "at most 16"),
        ("--a=class:seven", "mnist has no such class: allowed: 0, 1, 2"),
        ("--a=class:", "mnist has no such class"),
        ("--num_samples=0", "1 to 16"),
        ("--num_samples=3", "means nothing to samples given by number"),
        ("--noise=-1", "out of range"),
        ("--noise=nan", "out of range"),
        ("--out=", "--out= is empty: give a name ending in .png"),
        ("--out=a.gif", "only PNG can be written"),
        ("--out=folder", "no picture's name: give a name ending in .png"),
        ("--out=/dev/null/a.png", r"written \(/dev/null is a device, not a"),
        (
            "--out=/dev/null/b/a.png",
            r"written \(/dev/null is a device, not a",
        ),
        ("--run_dir=nowhere", "nowhere does not exist"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    trained, tmp_path, monkeypatch, flag, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match=message) as caught:
        _arithmetic(f"--run_dir={trained[0]}", *_NUMBERS, flag)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_concept_that_is_missing_is_asked_for(trained):
    with pytest.raises(errors.UserError, match="--b needs a value"):
        _arithmetic(f"--run_dir={trained[0]}", "--a=1,2,3", "--c=1,2,3")


def test_classes_of_a_set_without_labels_are_refused(
    trained, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    shutil.copytree(trained[0] / "checkpoints", folder / "checkpoints")
    content = json.loads((trained[0] / "config.json").read_text())
    content["data"]["class_names"] = []
    (folder / "config.json").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match="mnist has no labels: give num"):
        _arithmetic(f"--run_dir={folder}", *_NUMBERS, "--c=class:3")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_set_without_a_test_split_asks_for_numbers(
    trained, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    shutil.copytree(trained[0] / "checkpoints", folder / "checkpoints")
    shutil.copy(trained[0] / "config.json", folder)
    data_load = classifier.loading.load

    def no_test(name, split="train", **keywords):
        if split == "test":
            raise errors.UserError("there is none")
        return data_load(name, split, **keywords)

    monkeypatch.setattr(classifier.loading, "load", no_test)
    with pytest.raises(
        errors.UserError, match="no classifier can choose .*Give numbers"
    ) as caught:
        _arithmetic(
            f"--run_dir={folder}",
            *_NUMBERS,
            "--c=class:3",
            f"--cache_dir={tmp_path / 'cache'}",
            f"--out={tmp_path / 'a.png'}",
        )
    assert "--features" not in str(caught.value)
    assert not (tmp_path / "a.png").exists()

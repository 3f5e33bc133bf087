"""What others can load: the SavedModel and the Keras file."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.config import overrides
from tf_dcgan.models import families
from tf_dcgan.runs import runs
from tf_dcgan.sampling import export, generators, samplers


@pytest.fixture(scope="module")
def generator(trained):
    model, _ = generators.load_generator(runs.open_run(trained[0]))
    return model


@pytest.fixture(scope="module")
def served(trained):
    return tf.saved_model.load(str(trained[0] / "saved_model"))


def _latents(count):
    return np.random.default_rng(0).standard_normal((count, 100), np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 64])
def test_serve_equals_the_averaged_generator_in_inference_mode(
    generator, served, count
):
    latents = _latents(count)
    images = served.serve(latents).numpy()
    assert images.shape == (count, 28, 28, 1)
    assert images.dtype == np.float32
    expected = generator(latents, training=False).numpy()
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-5)
    assert -1 <= images.min() < images.max() <= 1


def test_serve_gives_an_image_alone_what_it_gives_it_in_a_batch(served):
    latents = _latents(64)
    alone = served.serve(latents[7:8]).numpy()
    together = served.serve(latents).numpy()[7:8]
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_generate_makes_the_images_of_the_sample_command(
    trained, generator, served
):
    run = runs.open_run(trained[0])
    sampler = samplers.Sampler(generator, run.data.content_box)
    images = served.generate(5, 3).numpy()
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, sampler(3, 0, 5))
    assert len(np.unique(images)) > 2


def test_generate_takes_one_image_and_tensors(served):
    images = served.generate(tf.constant(1), tf.constant(3))
    np.testing.assert_array_equal(images, served.generate(5, 3)[:1])


def test_the_default_signature_serves_latents(served):
    signature = served.signatures["serving_default"]
    latents = tf.constant(_latents(2))
    (images,) = signature(latents=latents).values()
    np.testing.assert_allclose(images, served.serve(latents), atol=1e-6)


def test_the_keras_file_holds_the_averaged_generator(trained, generator):
    loaded = keras.models.load_model(trained[0] / "generator.keras")
    latents = _latents(3)
    np.testing.assert_array_equal(
        loaded(latents, training=False), generator(latents, training=False)
    )


def test_the_averaged_weights_are_not_the_raw_ones(trained, generator):
    raw, _ = generators.load_generator(runs.open_run(trained[0]), "raw")
    latents = _latents(3)
    assert not np.allclose(
        raw(latents, training=False), generator(latents, training=False)
    )


@pytest.mark.slow
def test_the_saved_model_loads_where_the_package_is_not_installed(
    trained, tmp_path
):
    code = (
        "import importlib.util, sys, tensorflow as tf\n"
        "assert importlib.util.find_spec('tf_dcgan') is None\n"
        "model = tf.saved_model.load(sys.argv[1])\n"
        "images = model.serve(tf.zeros([1, 100]))\n"
        "print(model.generate(2, 0).shape, images.shape)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    output = subprocess.run(
        [sys.executable, "-c", code, str(trained[0] / "saved_model")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.strip() == "(2, 28, 28, 1) (1, 28, 28, 1)"


@pytest.mark.slow
def test_generate_crops_the_padding_of_a_conditional_run_too(tmp_path):
    config = overrides.from_flags(
        {"recipe": "dcgan", "width": 0.01, "conditional": True}
    )
    (generator,) = families.averaged_generators(config, (32, 32, 1), 10)
    content_box = (2, 1, 28, 27)
    export.export(tmp_path, generator, content_box=content_box, num_classes=10)
    served = tf.saved_model.load(str(tmp_path / "saved_model"))
    images = served.generate(12, 3, -1).numpy()
    assert images.shape == (12, 28, 27, 1)
    sampler = samplers.Sampler(generator, content_box, num_classes=10)
    np.testing.assert_array_equal(images, sampler(3, 0, 12))

"""What others can load: the SavedModel and the Keras file."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import images as image_files
from tf_dcgan.models import conditional
from tf_dcgan.runs import runs
from tf_dcgan.sampling import generators, samplers
from tf_dcgan.sampling import latents as latent_vectors
from tf_dcgan.sampling.exports import keras_formats


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


# As of images 5 pixels high and 3 wide, brought to 8 by 8.
_PADDED_BOX = (1, 2, 5, 3)


@pytest.mark.slow
@pytest.mark.parametrize("num_classes", [0, 3])
def test_generate_cuts_the_padding_off(tmp_path, num_classes):
    network = keras.Sequential(
        [
            keras.Input((4 + num_classes,)),
            keras.layers.Dense(64, activation="tanh"),
            keras.layers.Reshape((8, 8, 1)),
        ]
    )
    if num_classes:
        network = conditional.generator(network, num_classes)
    keras_formats.export(
        tmp_path, network, content_box=_PADDED_BOX, num_classes=num_classes
    )
    served = tf.saved_model.load(str(tmp_path / "saved_model"))
    sampler = samplers.Sampler(network, _PADDED_BOX, num_classes=num_classes)
    latents = sampler.latents([latent_vectors.Point(3, i) for i in range(4)])
    labels = [np.array([0, 1, 2, 0], np.int32)] * (num_classes > 0)
    whole = image_files.to_uint8(served.serve(latents, *labels)).numpy()
    images = served.generate(4, 3, *[-1] * (num_classes > 0)).numpy()
    assert whole.shape == (4, 8, 8, 1)
    np.testing.assert_array_equal(images, whole[:, 1:6, 2:5])
    np.testing.assert_array_equal(sampler(3, 0, 4), images)

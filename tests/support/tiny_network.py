"""A feature network that is made in no time, and knows nothing."""

import keras

from tf_dcgan.metrics.features import feature_network

CLASSES = tuple("0123456789")


def create(protocol="first", *, scale=1.0, class_names=CLASSES):
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(
        6, 3, kernel_initializer=keras.initializers.RandomNormal(0, 0.1, 1)
    )(images)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    x = keras.layers.Rescaling(scale)(x)
    logits = keras.layers.Dense(
        10, kernel_initializer=keras.initializers.RandomNormal(0, 1, 2)
    )(x)
    return feature_network.FeatureNetwork(
        "tiny",
        keras.Model(
            images,
            {"features": x, "logits": logits, "spatial": 2 * x[:, :4]},
        ),
        prepare=feature_network.resize_to(8, "pytorch"),
        digests={"features": "f" * 64, "logits": "l" * 64, "spatial": "s" * 64},
        protocol={
            "resize": "pytorch",
            "of": protocol,
            "warnings": ["low_accuracy: right on 12 %"],
        },
        class_names=class_names,
    )

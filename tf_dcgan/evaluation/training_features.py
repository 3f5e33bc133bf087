"""The features by which a training is scored while it goes on."""

from __future__ import annotations

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import schema
from tf_dcgan.metrics.features import feature_network, keras_inception
from tf_dcgan.metrics.features.classifier import classifier
from tf_dcgan.metrics.features.inception import weights


def announce(config: schema.Config, *datasets: str) -> None:
    """Says that the features are being prepared, which may take long.

    Args:
        config: which features.
        *datasets: that a classifier would be of, each once.
    """
    text = f"evaluation: preparing {config.evaluate_features} features"
    if config.evaluate_features == "classifier":
        text += (
            f" (the classifier of {' and that of '.join(datasets)} is trained "
            "once, then kept)"
        )
    terminal.say(text)


def network(
    config: schema.Config, dataset: str
) -> feature_network.FeatureNetwork:
    """Makes the feature network of a training.

    Args:
        config: which features.
        dataset: the set that a classifier is of.

    Raises:
        errors.UserError: it cannot be had.
    """
    if config.evaluate_features == "classifier":
        return classifier.classifier_network(
            dataset,
            data_dir=config.data_dir,
            cache_dir=config.cache_dir,
            crop=config.crop_size,
        )
    if config.evaluate_features == "keras_inception":
        return keras_inception.keras_inception_network()
    return feature_network.inception_network(
        weights.load(config.inception_weights, cache_dir=config.cache_dir),
        feature_dim=config.evaluate_feature_dim,
    )


def in_flags_of_training(error: errors.UserError) -> errors.UserError:
    """Tells a mistake in the words of train.py; evaluate.py's are shorter."""
    text = str(error)
    for name in ("features", "feature_dim", "split"):
        text = text.replace(f"--{name}=", f"--evaluate_{name}=")
    return errors.UserError(
        f"--evaluate_every cannot score: {text}; or leave --evaluate_every out"
    )

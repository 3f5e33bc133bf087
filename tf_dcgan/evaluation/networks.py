"""The feature network that a request asks for."""

from __future__ import annotations

from tf_dcgan.common import errors
from tf_dcgan.data import reading
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics.features import feature_network, keras_inception
from tf_dcgan.metrics.features.classifier import classifier
from tf_dcgan.metrics.features.inception import weights as inception_weights


def create(
    request: evaluation_request.Request,
    dataset: str | None,
    *,
    read_as: reading.Reading = reading.WHOLE,
) -> feature_network.FeatureNetwork:
    """Makes the feature network that a request asks for.

    The classifier of a data set is trained the first time, which takes
    minutes.

    Args:
        request: which features, and where weights and data sets are kept.
        dataset: the labelled set whose classifier is meant, or None.
        read_as: how the set's images are read for its classifier.

    Returns:
        The network, with all outputs that the request's metrics need.

    Raises:
        errors.UserError: its weights cannot be had or lack layers, or there
            is no labelled set. The message names the flags of the request.
    """
    if request.features == "classifier":
        if dataset is None:
            raise errors.UserError(
                "--features=classifier is trained on a labelled data set, and "
                "neither --real nor --fake names one: give one such as "
                "mnist:test, or --features=inception"
            )
        return classifier.classifier_network(
            dataset,
            data_dir=request.data_dir,
            cache_dir=request.cache_dir,
            read_as=read_as,
            flag_prefix=request.flag_prefix,
        )
    if request.features == "keras_inception":
        return keras_inception.keras_inception_network(
            resize=request.resize,
            precision=request.precision,
            flag_prefix=request.flag_prefix,
        )
    weights = inception_weights.load(
        request.inception_weights,
        cache_dir=request.cache_dir,
        flag_prefix=request.flag_prefix,
    )
    return feature_network.inception_network(
        weights,
        feature_dim=request.feature_dim,
        outputs=sorted(request.outputs),
        resize=request.resize,
        precision=request.precision,
        flag_prefix=request.flag_prefix,
    )

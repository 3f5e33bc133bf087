"""Tiny image sets in the formats that users have."""

import gzip
import json
import struct

import numpy as np

TINY_FLAGS = (
    "--recipe=dcgan_small",
    "--dataset=mnist",
    "--width=0.06",
    "--batch_size=20",
    "--log_every=5",
    "--sample_every=20",
    "--checkpoint_every=10",
)


def images(count, *, height=28, width=28, channels=1, seed=0):
    """[count, height, width, channels] uint8 of noise."""
    generator = np.random.default_rng(seed)
    shape = (count, height, width, channels)
    return generator.integers(0, 256, shape, dtype=np.uint8)


def write_idx(path, array):
    """Writes an IDX file of uint8, packed if the name ends in .gz."""
    header = struct.pack(">HBB", 0, 8, array.ndim)
    header += struct.pack(f">{array.ndim}I", *array.shape)
    content = header + array.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        gzip.compress(content) if path.suffix == ".gz" else content
    )


def write_raw_mnist(folder, *, count=20, suffix="", prefix="train"):
    """Writes a split's two raw files; returns its images and labels."""
    pixels = images(count)
    labels = (np.arange(count) % 10).astype(np.uint8)
    write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", pixels[..., 0])
    write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", labels)
    return pixels, labels


def write_tfds(
    root,
    name,
    splits,
    *,
    shape=(28, 28, 1),
    num_classes=10,
    version="1.0.0",
    image_class="image_feature.Image",
):
    """Writes a prepared TFDS set; returns its folder.

    Args:
        root: the data_dir.
        name: of the set, or `name/config`.
        splits: name → (list of [height, width, channels] uint8, labels or
            None).
        shape: as features.json is to have it, None where it varies.
        num_classes: of the labels.
        version: of the set.
        image_class: the Python class that features.json names.

    Returns:
        The folder with the version's files.
    """
    import tensorflow as tf

    folder = root / name / version
    folder.mkdir(parents=True)
    base, _, config = name.partition("/")
    records = {}
    for split, (split_images, labels) in splits.items():
        records[split] = []
        for index, image in enumerate(split_images):
            png = tf.io.encode_png(image).numpy()
            features = {"image": _bytes_feature(png)}
            if labels is not None:
                features["label"] = tf.train.Feature(
                    int64_list=tf.train.Int64List(value=[labels[index]])
                )
            example = tf.train.Example(
                features=tf.train.Features(feature=features)
            )
            records[split].append(example.SerializeToString())
    _write_records(folder, base, records, version=version, config=config)
    dimensions = [str(size or -1) for size in shape]
    core = "tensorflow_datasets.core.features"
    features = {
        "image": {
            "pythonClassName": f"{core}.{image_class}",
            "image": {
                "dtype": "uint8",
                "encodingFormat": "png",
                "shape": {"dimensions": dimensions},
            },
        }
    }
    if any(labels is not None for _, labels in splits.values()):
        features["label"] = {
            "pythonClassName": f"{core}.class_label_feature.ClassLabel",
            "classLabel": {"numClasses": str(num_classes)},
        }
    (folder / "features.json").write_text(
        json.dumps(
            {
                "pythonClassName": f"{core}.features_dict.FeaturesDict",
                "featuresDict": {"features": features},
            }
        )
    )
    return folder


def write_celeb_a(root, splits):
    """Writes a prepared celeb_a of the real one's features; returns its folder.

    Args:
        root: the data_dir.
        splits: name → list of [218, 178, 3] uint8, which become JPEGs.
    """
    import tensorflow_datasets as tfds

    builder = tfds.builder("celeb_a", data_dir=str(root))
    features = builder.info.features
    folder = root / "celeb_a" / str(builder.version)
    folder.mkdir(parents=True)
    records = {}
    for split, split_images in splits.items():
        records[split] = []
        for image in split_images:
            example = {
                group: {name: 0 for name in features[group]}
                for group in ("landmarks", "attributes", "identity")
            }
            encoded = features.encode_example({"image": image, **example})
            records[split].append(features.serialize_example(encoded))
    _write_records(folder, "celeb_a", records, version=str(builder.version))
    features.save_config(str(folder))
    return folder


def _write_records(folder, name, records, *, version, config=""):
    """Writes each split's serialized examples and the set's description."""
    import tensorflow as tf

    infos = []
    for split, examples in records.items():
        path = folder / f"{name}-{split}.tfrecord-00000-of-00001"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for example in examples:
                writer.write(example)
        infos.append(
            {
                "filepathTemplate": (
                    "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
                ),
                "name": split,
                "numBytes": str(path.stat().st_size),
                "shardLengths": [str(len(examples))],
            }
        )
    info = {
        "fileFormat": "tfrecord",
        "name": name,
        "splits": infos,
        "version": version,
    }
    if config:
        info["configName"] = config
    (folder / "dataset_info.json").write_text(json.dumps(info))


def _bytes_feature(value):
    import tensorflow as tf

    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

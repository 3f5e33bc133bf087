"""GPUs that TensorFlow is made to find, on a machine that may have none."""

import tensorflow as tf

from tf_dcgan.common import nvidia


class Machine:
    """A machine with made-up GPUs, and what TensorFlow was told about them.

    Attributes:
        grown: (number of the GPU, whether its memory grows), in order.
        deterministic: how often operations were made deterministic.
        visible: the GPUs that are not hidden.
    """

    def __init__(
        self,
        monkeypatch,
        gpus,
        *,
        capability=(8, 0),
        built_for=("sm_60", "sm_89", "compute_90"),
        driver=None,
        cudnn=None,
    ):
        self.grown, self.deterministic = [], 0
        physical = [
            tf.config.PhysicalDevice(f"/physical_device:GPU:{i}", "GPU")
            for i in range(gpus)
        ]
        self.visible = list(physical)
        for owner, name, value in (
            (tf.config, "list_physical_devices", lambda kind: physical),
            (tf.config, "get_visible_devices", lambda kind: self.visible),
            (tf.config, "set_visible_devices", self._show),
            (
                tf.sysconfig,
                "get_build_info",
                lambda: {"cuda_compute_capabilities": list(built_for)},
            ),
            (
                tf.config.experimental,
                "set_memory_growth",
                lambda gpu, on: self.grown.append((gpu.name[-1], on)),
            ),
            (
                tf.config.experimental,
                "enable_op_determinism",
                self._determinism,
            ),
            (
                tf.config.experimental,
                "get_device_details",
                lambda gpu: {
                    "device_name": f"Model {gpu.name[-1]}",
                    "compute_capability": capability,
                },
            ),
            (nvidia, "driver", lambda: driver),
            (nvidia, "cudnn_version", lambda: cudnn),
        ):
            monkeypatch.setattr(owner, name, value)

    def _show(self, gpus, kind):
        self.visible = gpus

    def _determinism(self):
        self.deterministic += 1

"""What every training imports, loaded before trainings are forked."""

from tf_dcgan.common import quiet_import

quiet_import.import_tensorflow()

from tf_dcgan.training import launch  # noqa: E402, F401

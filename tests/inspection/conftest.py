import awful_folder
import pytest

from tf_dcgan.inspection import report


@pytest.fixture(scope="session")
def awful(tmp_path_factory):
    """A folder with everything that is wrong with people's folders."""
    return awful_folder.write(tmp_path_factory.mktemp("awful") / "awful")


@pytest.fixture(scope="session")
def awful_report(awful):
    """The report on it, without a measured step."""
    return report.inspect(str(awful))

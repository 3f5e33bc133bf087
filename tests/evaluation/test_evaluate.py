import fake_runs
import pytest

from tf_dcgan.common import errors
from tf_dcgan.evaluation import evaluate, request
from tf_dcgan.runs import runs
from tf_dcgan.training import launch


def test_a_run_whose_images_were_moved_tells_how_to_name_them_anew(tmp_path):
    fake_runs.make(tmp_path / "run", dataset=f"{tmp_path}/gone")
    run = runs.open_run(tmp_path / "run")
    with pytest.raises(errors.UserError, match="if it was moved to NEW, go on"):
        evaluate.evaluate_run(run, request.Request(run_dir=str(run.path)))
    with pytest.raises(errors.UserError, match="if it was moved to NEW, go on"):
        launch.launch(run.config, run_dir=run.path, old_run=run)

import pytest

from tf_dcgan.common import randomness


@pytest.fixture
def views_of_steps(monkeypatch):
    """Does steps, and returns the draws of each step's views."""
    steps, draw = [], randomness.view_uniforms

    def drawn(*arguments, **more):
        numbers = draw(*arguments, **more)
        steps[-1].add(numbers.numpy().tobytes())
        return numbers

    def do(step, *, count):
        for _ in range(count):
            steps.append(set())
            step()
        return steps

    monkeypatch.setattr(randomness, "view_uniforms", drawn)
    return do

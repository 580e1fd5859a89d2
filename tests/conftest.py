import pytest
from hypothesis import HealthCheck, settings
from streamlit.testing.v1 import AppTest

from tests.visits import ROOT

# Reproducible in CI, and no limit on time: machines differ, claims do not.
settings.register_profile("mlpscope", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mlpscope")


@pytest.fixture
def app():
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert not test.exception
    return test

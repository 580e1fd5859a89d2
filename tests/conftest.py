import pytest
from hypothesis import HealthCheck, settings
from streamlit.testing.v1 import AppTest

from tests.visits import ROOT

# No limit on time: machines differ, claims do not. What decides whether a change lands draws the same few examples
# each time; `.ci/nightly` draws many, and others each night.
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("mlpscope", derandomize=True, max_examples=25, **SLOW)
settings.register_profile("nightly", derandomize=False, max_examples=500, print_blob=True, **SLOW)
settings.load_profile("mlpscope")


@pytest.fixture
def app():
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert not test.exception
    return test

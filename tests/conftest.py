import random
from collections import defaultdict
from functools import cache

import pytest
from hypothesis import HealthCheck, settings
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.visits import ROOT

# No limit on time: machines differ, claims do not. What decides whether a change lands draws the same few examples
# each time; `.ci/nightly` draws many, and others each night.
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("mlpscope", derandomize=True, max_examples=25, **SLOW)
settings.register_profile("nightly", derandomize=False, max_examples=500, print_blob=True, **SLOW)
settings.load_profile("mlpscope")

# Every AppTest looks through all installed packages for components that they bring: seven eighths of its start.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


#: Which tests begin the halves of the list.
SLOW_FOLDERS = ({"browser"}, {"server", "ui", "js"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if config.option.markexpr == "not nightly":
        leave_share(config, items)
    # With two processes each begins with its half of the list, and who has nothing left takes from the other's end.
    # So the slow folders begin the halves, what needs the site first, and what is left for the end is short.
    first, second = ([item for item in items if item.path.parent.name in names] for names in SLOW_FOLDERS)
    first.sort(key=lambda item: "site" not in item.fixturenames and "[site_server" not in item.name)
    rest = [item for item in items if item.path.parent.name not in set.union(*SLOW_FOLDERS)]
    middle = max(0, len(items) // 2 - len(first))
    items[:] = first + rest[:middle] + second + rest[middle:]


def leave_share(config, items):
    """Leave a test marked `share(n)` n of its cases, the same each time; `.ci/nightly` runs all of them."""
    families = defaultdict(list)
    for item in items:
        if mark := item.get_closest_marker("share"):
            families[item.path, item.originalname, *mark.args].append(item)
    left_out = set()
    for (_, name, count), cases in families.items():
        left_out |= {*cases} - {*random.Random(name).sample(cases, min(count, len(cases)))}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def app():
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert not test.exception
    return test

"""The files for hosts: what they name is there, and they are what their programs accept."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.visits import ROOT

DEPLOY = ROOT / ".github/deploy"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def load(path):
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


@pytest.mark.nightly
def test_the_manifests_are_valid_for_kubernetes_and_a_wrong_one_is_not():
    schemas = pytest.importorskip("kubernetes_validate")
    manifests = load(DEPLOY / "kubernetes.yaml")
    for manifest in manifests:
        schemas.validate(manifest, "1.31", strict=True)
    assert {"Deployment", "Service", "HorizontalPodAutoscaler"} <= {manifest["kind"] for manifest in manifests}
    manifests[0]["spec"]["replicas"] = "three"
    with pytest.raises(schemas.ValidationError):
        schemas.validate(manifests[0], "1.31", strict=True)


def test_nginx_lists_every_server_of_compose():
    (compose,) = load(DEPLOY / "compose.yaml")
    apps = {name for name, service in compose["services"].items() if service["image"] == "mlpscope"}
    assert set(re.findall(r"server (\w+):8501", (DEPLOY / "nginx.conf").read_text())) == apps
    assert len(apps) == 3
    for name in apps:
        build = compose["services"][name]["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).exists()


@pytest.mark.nightly
def test_hadolint_finds_no_fault_in_the_image():
    hadolint = Path(sys.executable).with_name("hadolint")
    run = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_the_image_copies_what_there_is_and_runs_without_root():
    text = (DEPLOY / "Dockerfile").read_text()
    for named in re.findall(r"^COPY (\S+)", text, re.M):
        assert (ROOT / named).exists()
    assert re.search(r"^USER [1-9]\d*$", text, re.M)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_what_there_is(path):
    (workflow,) = load(path)
    runs = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert runs
    for run in runs:
        for named in re.findall(r"(?:^|\s)(\.ci/\w+|\w+/?\w*\.txt)", run):
            assert (ROOT / named).exists(), named

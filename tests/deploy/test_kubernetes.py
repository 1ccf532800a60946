"""The manifests: valid, hardened, and of the commands, settings, paths and hours that the code has."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from flows.prefect.schedule import CRON
from tests.deploy.deployed import (
    DEPLOY,
    HOME,
    KUBERNETES,
    MANIFESTS,
    OURS,
    READERS,
    USER,
    as_options,
    documents,
    health_paths,
    pods,
    settings,
)
from warehouse.settings import Settings

PODS = pods()
VERSIONS = ("1.33", "1.37")
SECRET_OF = {"api": "sigmasight-api", "night": "sigmasight-warehouse"}


def container(name: str) -> dict[str, Any]:
    (only,) = PODS[name]["containers"]
    return dict(only)


def by_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in documents() if one["kind"] == kind}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(version: str) -> None:
    for document in documents():
        kubernetes_validate.validate(document, version, strict=True)


def test_every_manifest_is_in_one_kustomization() -> None:
    named = [
        path.parent / resource
        for path in KUBERNETES.rglob("kustomization.yaml")
        for resource in yaml.safe_load(path.read_text())["resources"]
    ]
    assert sorted(named) == MANIFESTS


def test_the_images_are_one_and_that_of_compose() -> None:
    compose = OURS["api"]["image"].partition(":-")[2].removesuffix("}")
    for path in KUBERNETES.rglob("kustomization.yaml"):
        (image,) = yaml.safe_load(path.read_text())["images"]
        assert (image["name"], image["newName"]) == ("sigmasight", compose)
    assert {container(name)["image"] for name in PODS} == {"sigmasight"}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_hardened(name: str) -> None:
    pod, own = PODS[name], container(name)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == USER
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    # Silent failure prevented: a Service named api would set API_PORT to tcp://...
    assert pod["enableServiceLinks"] is False
    assert own["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in own["volumeMounts"]} == {HOME, "/tmp"}  # noqa: S108
    assert own["resources"]["requests"].keys() >= {"cpu", "memory"}
    assert "memory" in own["resources"]["limits"]


def test_the_commands_exist() -> None:
    assert {name: container(name)["args"][0] for name in PODS} == {
        "api": "serve", "night": "nightly", "upgrade": "upgrade", "alarm": "alarms",
    }  # fmt: skip
    assert as_options(container("upgrade")["args"])["with_chat"]
    for name in PODS:
        as_options(container(name)["args"])


@pytest.mark.parametrize("name", PODS)
def test_every_secret_is_a_reference_and_every_variable_a_setting(name: str) -> None:
    for entry in container(name)["env"]:
        assert entry["name"] in settings()
        if entry["name"] == "API_PORT":
            continue
        reference = entry["valueFrom"]["secretKeyRef"]
        assert (reference["name"], reference["key"]) == (
            SECRET_OF.get(name, "sigmasight-warehouse"),
            entry["name"],
        )
    (given,) = container(name)["envFrom"]
    assert given["configMapRef"]["name"] in by_kind("ConfigMap")
    assert not by_kind("Secret"), "a secret has no place in a repository"


def test_the_settings_are_no_secrets() -> None:
    example = (DEPLOY / "settings.env.example").read_text()
    (given,) = by_kind("ConfigMap").values()
    assert [name for name in given["data"] if f"# {name}=" not in example] == []


def test_the_containers_have_the_variables_of_compose() -> None:
    """The same secrets for the API and the upgrade; the night signs no backups."""

    def names(name: str) -> set[str]:
        return {entry["name"] for entry in container(name)["env"]}

    assert names("api") == set(OURS["api"]["environment"])
    assert names("api") & {name for name in settings() if name.endswith("_URL")} == READERS
    assert names("upgrade") == set(OURS["upgrade"]["environment"])
    assert names("night") == set(OURS["worker"]["environment"]) - {"BACKUP_KEY"}
    assert names("alarm") < names("night")


def test_the_night_is_that_of_the_schedule_and_alone() -> None:
    night = by_kind("CronJob")["sigmasight-night"]["spec"]
    assert (night["schedule"], night["timeZone"]) == (CRON, "Etc/UTC")
    assert night["concurrencyPolicy"] == "Forbid"
    assert night["jobTemplate"]["spec"]["activeDeadlineSeconds"] > Settings().build_minutes * 60


def test_the_probes_ask_paths_that_the_api_has() -> None:
    own, known = container("api"), health_paths()
    asked = {kind: own[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {probe["path"] for probe in asked.values()} <= known
    assert asked["readiness"]["path"].endswith("/ready")
    assert asked["liveness"]["path"].endswith("/live")
    (port,) = own["ports"]
    assert port["containerPort"] == Settings().api_port
    assert {probe["port"] for probe in asked.values()} == {port["name"]}
    (service,) = by_kind("Service").values()
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


def test_labels_select_the_pods_of_the_api() -> None:
    labels = by_kind("Deployment")["sigmasight-api"]["spec"]["template"]["metadata"]["labels"]
    assert by_kind("Service")["sigmasight-api"]["spec"]["selector"] == labels
    assert by_kind("Deployment")["sigmasight-api"]["spec"]["selector"]["matchLabels"] == labels
    assert by_kind("NetworkPolicy")["sigmasight-api"]["spec"]["podSelector"]["matchLabels"] == labels

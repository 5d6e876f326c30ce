"""Checks examples/server/prometheus-rules.yml and kubernetes.yaml without a cluster and without a network.

    python3 .ci/check_farm.py      # needs PyYAML, promql-parser and kubernetes-validate

The rules must be PromQL, and name only what the server counts or an earlier rule records. The manifest must fit the schemas
of Kubernetes, and what it refers to within itself must be there.
"""

import re
import sys
from pathlib import Path

import kubernetes_validate
import promql_parser
import yaml

ROOT = Path(__file__).resolve().parent.parent
KUBERNETES = "1.31"


def counted() -> set[str]:
    """The names of the server's figures, as it registers them."""
    source = (ROOT / "src/server/metrics.rs").read_text()
    found = re.findall(r'registry\.register(?:_with_unit)?\(\s*"(\w+)",[^;]*?(Unit::Seconds)?,[^;,]*\);', source)
    assert len(found) > 10, found
    return {f"text2art_{name}{'_seconds' if unit else ''}" for name, unit in found}


def check_rules(path: Path) -> int:
    known, count = counted(), 0
    for group in yaml.safe_load(path.read_text())["groups"]:
        assert set(group) <= {"name", "interval", "rules"}, group["name"]
        for rule in group["rules"]:
            kind = ({"record", "alert"} & set(rule)).pop()
            allowed = {"record", "expr"} if kind == "record" else {"alert", "expr", "for", "labels", "annotations"}
            assert set(rule) <= allowed, rule
            expression = str(promql_parser.parse(rule["expr"]))
            for name in set(re.findall(r"\btext2art[\w:]*", expression)):
                base = re.sub(r"_(total|count|sum|bucket)$", "", name)
                assert name in known or base in known, f"{rule[kind]}: nothing is called {name}"
            if kind == "record":
                known.add(rule["record"])
            else:
                assert rule["annotations"]["summary"] and rule["labels"]["severity"], rule
            count += 1
    return count


def check_manifest(path: Path) -> int:
    things = list(yaml.safe_load_all(path.read_text()))
    names = {(thing["kind"], thing["metadata"]["name"]) for thing in things}
    labels = [thing["spec"]["template"]["metadata"]["labels"] for thing in things if thing["kind"] == "Deployment"]
    for thing in things:
        kubernetes_validate.validate(thing, KUBERNETES, strict=True)
        where = f"{thing['kind']} {thing['metadata']['name']}"
        assert thing["kind"] == "Namespace" or thing["metadata"]["namespace"] == "text2art", where
        spec = thing.get("spec", {})
        if thing["kind"] == "Deployment":
            pod = spec["template"]["spec"]
            assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"], where
            volumes = {volume["name"] for volume in pod["volumes"]}
            for container in pod["containers"]:
                assert {mount["name"] for mount in container["volumeMounts"]} <= volumes, where
                for source in container["envFrom"]:
                    assert ("Secret", source["secretRef"]["name"]) in names, where
            for volume in pod["volumes"]:
                assert "configMap" not in volume or ("ConfigMap", volume["configMap"]["name"]) in names, where
        elif thing["kind"] in ("Service", "PodDisruptionBudget"):
            selector = spec["selector"].get("matchLabels", spec["selector"])
            assert selector in labels, where
        elif thing["kind"] == "HorizontalPodAutoscaler":
            assert (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]) in names, where
        elif thing["kind"] == "Ingress":
            for rule in spec["rules"]:
                for place in rule["http"]["paths"]:
                    assert ("Service", place["backend"]["service"]["name"]) in names, where
    return len(things)


def main() -> int:
    folder = ROOT / "examples/server"
    rules = check_rules(folder / "prometheus-rules.yml")
    things = check_manifest(folder / "kubernetes.yaml")
    print(f"{rules} rules and {things} parts of the manifest are right", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env bash
# usage: manifests.sh BUILD_DIRECTORY FOLDER: deploy/compose.yaml and deploy/kubernetes: their shape, the configuration that compose
# passes on, and the capabilities, which are those that the image test proves.
source "$(dirname "$0")/lib.sh"

trap 'rm -rf "$work"' EXIT
python3 -c 'import yaml' 2>/dev/null || fail "needs python3-yaml: ./dev setup --deploy"
python3 - "$deploy_root" "$work" <<'PYTHON'
import pathlib, sys, yaml
root, work = map(pathlib.Path, sys.argv[1:])
wanted = {"NET_ADMIN", "SETUID", "SETGID", "KILL"}

compose = yaml.safe_load((root / "deploy/compose.yaml").read_text())
gateway, service = compose["services"]["gateway"], compose["services"]["service"]
assert set(gateway["cap_add"]) == wanted and gateway["cap_drop"] == ["ALL"] and gateway["read_only"] is True
assert service["network_mode"] == "service:gateway" and "cap_add" not in service
for secret in gateway["secrets"]:
    assert secret in compose["secrets"], secret
for volume in gateway["volumes"]:
    assert volume.split(":")[0] in compose["volumes"], volume
text = gateway["environment"]["RINGWIRE_CONFIG"]
text = text.replace("${PEER_PUBLIC_KEY:?the gateway at the other end}", "KEY").replace("${PEER_ENDPOINT:?as vpn.example.net:51820}", "192.0.2.1:51820")
assert "$" not in text, text
(work / "wg0.conf").write_text(text)
print("ok: compose.yaml")

documents = [each for path in sorted((root / "deploy/kubernetes").glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())]
services = {each["metadata"]["name"]: each for each in documents if each["kind"] == "Service"}
workloads = [each for each in documents if each["kind"] in ("Deployment", "DaemonSet")]
assert workloads and services
for workload in workloads:
    template = workload["spec"]["template"]
    assert workload["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    containers = template["spec"]["containers"] + template["spec"].get("initContainers", [])
    assert [each["name"] for each in containers].count("ringwire") == 1
    for container in containers:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and context["capabilities"]["drop"] == ["ALL"], container["name"]
        if container["name"] != "ringwire":
            assert "add" not in context["capabilities"]
            continue
        assert set(context["capabilities"]["add"]) == wanted, container["name"]
        assert context["readOnlyRootFilesystem"] is True and context["runAsUser"] == 0
        known = {volume["name"] for volume in template["spec"]["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= known
for service in services.values():
    matching = [each for each in workloads if service["spec"]["selector"].items() <= each["spec"]["template"]["metadata"]["labels"].items()]
    ports = {port["name"] for each in matching for container in each["spec"]["template"]["spec"]["containers"] for port in container["ports"]}
    assert matching and all(port["targetPort"] in ports and port["protocol"] == "UDP" for port in service["spec"]["ports"])
print("ok: kubernetes")
PYTHON
"$deploy_build/ringwire" genkey >"$work/key"
sed -i "s,KEY,$("$deploy_build/ringwire" pubkey <"$work/key")," "$work/wg0.conf"
check "ringwire understands the configuration of compose.yaml" env RINGWIRE_INTERFACE_PRIVATEKEY_FILE="$work/key" \
  "$deploy_build/ringwire" check "$work/wg0.conf"
echo "ok: all of the manifests"

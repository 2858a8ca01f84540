#!/usr/bin/env bash
# usage: kubernetes.sh BUILD_DIRECTORY FOLDER: deploy/kubernetes: each object against the API's schemas (npm's kubernetes-models, which nobody
# commits), and each pod template, run by podman as far as it knows them.
source "$(dirname "$0")/lib.sh"

here=$deploy_root/tests/deploy
engine=(podman --root "$work/storage" --runroot "$work/runroot" --tmpdir "$work/tmp" --cgroup-manager cgroupfs --runtime runc)
end() {
  local status=$?
  "${engine[@]}" pod rm -f -t 0 -a >/dev/null 2>&1 || true
  umount -R -l "$work/storage/overlay" 2>/dev/null || true
  rm -rf "$work"
  exit $status
}
trap end EXIT
python3 -c 'import yaml' 2>/dev/null || fail "needs python3-yaml: ./dev setup --deploy"

say "the schemas"
python3 - "$deploy_root" >"$work/objects.json" <<'PYTHON'
import json, pathlib, sys, yaml
paths = sorted(pathlib.Path(sys.argv[1], "deploy/kubernetes").glob("*.yaml"))
json.dump([each for path in paths for each in yaml.safe_load_all(path.read_text())], sys.stdout)
PYTHON
packages=$deploy_made/systems/kubernetes-models
judge() { node "$here/kubernetes_schema.mjs" "$packages" "$1"; }
if ! command -v npm >/dev/null; then
  not_run "the schemas: there is no npm (./dev setup --deploy)"
elif [ ! -d "$packages/node_modules/kubernetes-models" ] && ! { mkdir -p "$packages" && npm install --prefix "$packages" --no-save \
  --no-audit --no-fund --ignore-scripts kubernetes-models@5 >"$work/log" 2>&1; }; then
  not_run "the schemas: npm cannot fetch kubernetes-models: $(tail -n 1 "$work/log")"
else
  check "every object keeps to its schema" judge "$work/objects.json"
  # The check itself must find something.
  sed 's/"readinessProbe"/"readinesProbe"/' "$work/objects.json" >"$work/typo.json"
  if judge "$work/typo.json" >/dev/null 2>&1; then fail "a key that is misspelt passes"; fi
  sed 's/"containerPort": 51820/"containerPort": "many"/' "$work/objects.json" >"$work/type.json"
  if judge "$work/type.json" >/dev/null 2>&1; then fail "a value of a wrong type passes"; fi
  echo "ok: a misspelt key and a wrong type do not"
fi

say "the pods"
for tool in podman runc; do command -v $tool >/dev/null || { not_run "the pods: needs $tool (./dev setup --deploy)"; exit 0; }; done
[ -c /dev/net/tun ] || { not_run "the pods: needs /dev/net/tun"; exit 0; }
# podman takes limits for pods from its configuration alone; the host may not let a container raise its own.
export CONTAINERS_CONF=$work/containers.conf
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n' >"$CONTAINERS_CONF"
"${engine[@]}" load -q -i "$(echo "$deploy_made"/ringwire-*-image.tar)" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "podman cannot load the image"; }
key=$("$deploy_build/ringwire" genkey)
peer=$("$deploy_build/ringwire" genkey | "$deploy_build/ringwire" pubkey)
# pod NAME: the template of a workload as a pod with its Secret. Podman runs a container that stays, where Kubernetes has an init container
# that restarts; it knows no field references and no node's network of its own, and the test has no registry for the service.
pod() {
  python3 - "$1" "$work/objects.json" "$key" "$peer" "$work" <<'PYTHON'
import base64, json, pathlib, sys
name, objects, key, peer, work = sys.argv[1:]
workload = next(each for each in json.load(open(objects)) if each["metadata"]["name"] == name and "template" in each["spec"])
spec = workload["spec"]["template"]["spec"]
spec["containers"] = [each for each in spec["containers"] + spec.pop("initContainers", []) if each["name"] == "ringwire"]
for field in ("hostNetwork", "dnsPolicy", "dnsConfig", "nodeSelector", "priorityClassName"):
    spec.pop(field, None)
container = spec["containers"][0]
container.pop("restartPolicy", None)
container.pop("env", None)
container.pop("ports", None)  # the pod has its loopback alone, so that the test needs no bridge of the host
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):  # podman's timers need systemd; the test runs their commands itself
    container.pop(probe, None)
text = f"[Interface]\nPrivateKey = {key}\nListenPort = 51820\nAddress = 10.77.0.1/24\n[Peer]\nPublicKey = {peer}\nAllowedIPs = 10.77.0.2/32\n"
folder = pathlib.Path(work, f"secret-{name}")
folder.mkdir(mode=0o700)
(folder / "wg0.conf").write_text(text)
(folder / "wg0.conf").chmod(0o400)
for volume in spec["volumes"]:
    if "secret" in volume:  # a file of the host: this podman makes no volume of a Secret
        volume.pop("secret")
        volume["hostPath"] = {"path": str(folder), "type": "Directory"}
    elif volume.get("hostPath", {}).get("type") == "DirectoryOrCreate":
        volume["hostPath"]["path"] = f"{work}/host-{name}-{volume['name']}"
        pathlib.Path(volume["hostPath"]["path"]).mkdir()
for mount in container["volumeMounts"]:
    if mount.pop("subPathExpr", None):
        mount["mountPath"] = str(pathlib.PurePath(mount["mountPath"]).parent)
json.dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": workload["spec"]["template"]["metadata"]["labels"]}, "spec": spec}, sys.stdout)
PYTHON
}
for name in ringwire ringwire-nodes service; do
  pod "$name" >"$work/$name.yaml"
  if ! "${engine[@]}" kube play --network none "$work/$name.yaml" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    fail "podman does not run the template of $name"
  fi
  container=$name-ringwire
  healthy() { "${engine[@]}" exec "$container" /usr/bin/ringwire health; }
  wait_until "$name is ready: $("${engine[@]}" logs "$container" 2>&1 | tail -n 3)" healthy
  mapfile -t probe < <(python3 -c 'import json, sys
for each in json.load(open(sys.argv[1])):
    spec = each["spec"].get("template", {}).get("spec", {})
    for one in spec.get("containers", []) + spec.get("initContainers", []):
        if each["metadata"]["name"] == sys.argv[2] and one["name"] == "ringwire": print("\n".join(one["livenessProbe"]["exec"]["command"]))' "$work/objects.json" "$name")
  check "$name: its liveness probe" "${engine[@]}" exec "$container" "${probe[@]}"
  check_equal "$name: nothing but its volumes can be written" 1 "$("${engine[@]}" inspect -f '{{if .HostConfig.ReadonlyRootfs}}1{{end}}' "$container")"
  check "$name: it ends" "${engine[@]}" pod stop -t 10 "$name"
  check_equal "$name: well" 0 "$("${engine[@]}" inspect -f '{{.State.ExitCode}}' "$container")"
  "${engine[@]}" pod rm -f "$name" >/dev/null
done
echo "ok: all of Kubernetes"

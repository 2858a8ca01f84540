#!/usr/bin/env bash
# usage: unit.sh: the systemd unit as systemd judges it: no unknown setting, and no more exposed than recorded here.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
command -v systemd-analyze >/dev/null || { echo "SKIP: needs systemd-analyze (package systemd)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed=0
fail() { echo "unit.sh: $*" >&2; failed=1; }
units=$work/usr/lib/systemd/system
mkdir -p "$units/ringwire@wg0.service.d"
cp "$root/deploy/systemd/ringwire@.service" "$units/"

# score LIMIT: of the unit as it lies in $units. systemd's newer versions know more to complain of, so a score is compared upwards only.
score() {
  local limit=$1 got
  got=$(systemd-analyze --root="$work" security --offline=true --no-pager ringwire@wg0.service 2>"$work/log" |
    sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
  [ -n "$got" ] || { cat "$work/log" >&2; fail "systemd-analyze gives no score"; return; }
  awk "BEGIN { exit !($got <= $limit) }" || fail "$2: systemd-analyze security says $got, the limit is $limit"
  if grep -Ei 'unknown|invalid|ignoring' "$work/log" >&2; then fail "$2: has settings that systemd does not know"; fi
  echo "unit.sh: $2: $got"
}
score 5.9 "the unit"
cp "$root/deploy/systemd/drop-ins/credentials.conf" "$units/ringwire@wg0.service.d/"
score 5.9 "with credentials.conf"
cp "$root/deploy/systemd/drop-ins/strict.conf" "$units/ringwire@wg0.service.d/"
score 2.5 "with strict.conf"
grep -qx 'Before=remote-fs-pre.target' "$units/ringwire@.service" || fail "remote file systems may be mounted before the tunnel is up"
cp "$root/deploy/systemd/ringwire-block@.service" "$units/"
systemd-analyze --root="$work" security --offline=true --no-pager ringwire-block@wg0.service >/dev/null 2>"$work/log" || true
if grep -Ei 'unknown|invalid|ignoring' "$work/log" >&2; then fail "ringwire-block@.service has settings that systemd does not know"; fi
grep -q '^Before=network-pre.target ' "$units/ringwire-block@.service" || fail "the network may be up before the kill switch is"
[ $failed = 0 ]

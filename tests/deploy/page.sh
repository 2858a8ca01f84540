#!/usr/bin/env bash
# usage: page.sh BUILD_DIRECTORY FOLDER: the exporter's page in Debian's Chromium, driven by Playwright (playwright-core of npm): it renders a
# gateway of 10,000 peers, its values move, the keyboard works, and the console stays empty.
#
#   a 192.0.2.1 (gateway, exporter, browser) ------ 192.0.2.2 b (the one peer that is real)
build=$(realpath "${1:?which build?}") made=$(realpath "${2:?which folder of packages?}")
here=$(cd "$(dirname "$0")" && pwd)
export RINGWIRE=${RINGWIRE:-$build/ringwire}
skip() { echo "NOT RUN: all of it: needs $*"; exit 0; }
chromium=$(command -v chromium) || skip "Chromium: ./dev setup --deploy, or the package chromium"
command -v node >/dev/null && command -v npm >/dev/null || skip "node and npm: ./dev setup --deploy"
# Before the test enters its namespaces, where no registry is in reach.
playwright=$made/systems/playwright
if [ -z "${RINGWIRE_E2E_INSIDE:-}" ] && [ ! -d "$playwright/node_modules/playwright-core" ]; then
  mkdir -p "$playwright"
  npm install --prefix "$playwright" --no-save --no-audit --no-fund --ignore-scripts playwright-core@1 >"$playwright/log" 2>&1 ||
    skip "playwright-core, which npm cannot fetch: $(tail -n 1 "$playwright/log")"
fi
source "$here/../e2e/lib.sh"

two_bare_hosts
chmod 755 "$work"
count=10000
"$RINGWIRE_PYTHON" "$here/tools/many_peers.py" "$work/wga.conf" $count "${private[a]}" "${public[b]}"
start b wgb
set_up b wgb b 51820 10.0.0.2/16
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.0.0.1/32
check "a gateway of $count peers" up a "$work/wga.conf"
check "traffic" pings a 10.0.0.2
rm /run/ringwire/wgb.sock  # both hosts share /run here; the page is about a
grep -v '^ringwire:' /etc/group >"$work/group" && echo 'ringwire:x:4713:' >>"$work/group" && mount --bind "$work/group" /etc/group
chgrp 4713 /run/ringwire/*.sock
spawn a "$RINGWIRE" exporter --page --listen 127.0.0.1:9586 >>"$work/exporter.log" 2>&1 &
exporter=$!
served() { on a curl -sf --max-time "$patience" http://127.0.0.1:9586/healthz; }
wait_until 10 "the exporter serves" served
spawn a ping -q -i 0.2 10.0.0.2 >"$work/ping.log" 2>&1 &

HOME=$work PLAYWRIGHT=$playwright/node_modules/playwright-core CHROMIUM=$chromium PATIENCE_MS=$((patience * 1000)) EXPORTER=$exporter \
  PEERS=$count SHOTS=${RINGWIRE_PAGE_SHOTS:-} spawn a node "$here/page.mjs" http://127.0.0.1:9586/ &
wait $! || fail "the page"
wait $exporter || fail "the exporter does not end well"
down a wga
echo "ok: all of the page"

#!/usr/bin/env bash
# The commands that need no interface, and the drop-in that goes to the background.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

say "keys, as wg makes them"
private_key=$("$RINGWIRE" genkey)
check_equal "pubkey agrees with wg" "$(wg pubkey <<<"$private_key")" "$("$RINGWIRE" pubkey <<<"$private_key")"
check_equal "genkey is clamped" 0 "$(($(base64 -d <<<"$private_key" | od -An -N1 -tu1) & 7))"
[ "$("$RINGWIRE" genkey)" != "$("$RINGWIRE" genkey)" ] || fail "two keys are equal"
check_equal "genpsk makes 32 bytes" 32 "$("$RINGWIRE" genpsk | base64 -d | wc -c)"
check_fails "pubkey refuses what is no key" "$RINGWIRE" pubkey <<<"short"

say "configuration files"
new_key a b
cat >"$work/wg9.conf" <<TEXT
[Interface]
PrivateKey = ${private[a]}
Address = 10.1.1.1/24
MTU = 1400
[Peer]
PublicKey = ${public[b]}
AllowedIPs = 10.2.0.0/16
TEXT
check "check accepts a good one" "$RINGWIRE" check "$work/wg9.conf"
"$RINGWIRE" strip "$work/wg9.conf" >"$work/stripped.conf"
check_fails "strip leaves out what wg does not know" grep -Eiq '^(address|mtu)' "$work/stripped.conf"
sed -e 's/^MTU.*/MTU = 99999999/' -e 's/^AllowedIPs.*/AllowedIPs = 10.2.0.0\/33/' "$work/wg9.conf" >"$work/bad.conf"
if "$RINGWIRE" check "$work/bad.conf" >"$work/check.log" 2>&1; then fail "check accepts a bad file"; fi
check "check shows the first error with its position" grep -q 'bad\.conf:4:[0-9]*: ' "$work/check.log"
check "and the second one" grep -q 'bad\.conf:7:[0-9]*: ' "$work/check.log"
sed -e '/^MTU/a DNS = 10.2.0.1\nPostUp = true\nSaveConfig = true\n[Gateway]\nNamespace = a/b\n[Interface]' "$work/wg9.conf" >"$work/wrong.conf"
status=0
"$RINGWIRE" check "$work/wrong.conf" >"$work/check.log" 2>&1 || status=$?
check_equal "check refuses what run refuses" 1 $status
check "with its position" grep -q 'wrong\.conf:9:13: Namespace must be ' "$work/check.log"
check_fails "run refuses it" timeout "$patience" "$RINGWIRE" run "$work/wrong.conf"
check_equal "in the words of check" "$(grep ':9:' "$work/check.log")" "$(sed -n 's/^ringwire: \(.*:9:\)/\1/p' "$work/check.out")"
status=0
"$RINGWIRE" check "$work/wg9.conf" >/dev/full 2>"$work/full.log" || status=$?
check_equal "check into a full device fails" 1 $status
check "and says why" grep -q 'No space left' "$work/full.log"

say "usage"
status=0
"$RINGWIRE" --no-such-option >"$work/usage" 2>&1 || status=$?
check_equal "a usage error exits 2" 2 $status
status=0
"$RINGWIRE" -f >"$work/usage" 2>&1 || status=$?
check_equal "flags without a name are one" 2 $status
check "--help" "$RINGWIRE" --help
for command in run show check strip genkey pubkey genpsk forget; do
  "$RINGWIRE" $command --help >"$work/help" 2>&1 || fail "$command --help"
done
echo "ok: every command has --help"

say "version and licences"
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(sed -n 's/^project(ringwire VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
check_equal "--version is the project's" "ringwire $version" "$("$RINGWIRE" --version)"
check_equal "with --licences it prints docs/licences.md as well" "$(echo "ringwire $version"; echo; cat "$root/docs/licences.md")" \
  "$("$RINGWIRE" --version --licences)"
check_equal "in either order" "$("$RINGWIRE" --version --licences)" "$("$RINGWIRE" --licences --version)"
status=0
"$RINGWIRE" --licences >"$work/usage" 2>&1 || status=$?
check_equal "--licences alone is a usage error" 2 $status

say "in the background"
host a
check "ringwire IFNAME returns" on a timeout "$patience" "$RINGWIRE" "--io=$RINGWIRE_E2E_IO" wga
check "wg can speak to it at once" wg set wga private-key <(echo "${private[a]}") listen-port 51820
status=0
"$RINGWIRE" show wga >/dev/full 2>"$work/full.log" || status=$?
check_equal "show into a full device fails" 1 $status
check "and its interface exists" ip -n a link show wga
check "what strip printed is what wg takes" wg setconf wga "$work/stripped.conf"
check_equal "the allowed IPs" 10.2.0.0/16 "$(wg show wga allowed-ips | cut -f 2)"
pid=$(pgrep -o -f "$RINGWIRE.*wga")
check_equal "it has let go of its terminal" "/dev/null" "$(readlink "/proc/$pid/fd/0")"
ip -n a link delete wga
wait_until 10 "it ends with its interface" gone "$pid"
echo "ok: it ends with its interface"

say "forget"
check_fails "forget of an interface that nobody knows" "$RINGWIRE" forget wg77 "${public[b]}"

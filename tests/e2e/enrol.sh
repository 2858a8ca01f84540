#!/usr/bin/env bash
# The cookbook's small office: people join with a password. The client is an independent one: Node's TLS and HTTP, then `wg`.
#
#   a 192.0.2.1 ------ 192.0.2.2 b
#     office, [Enrol]    wgb
source "$(dirname "$0")/lib.sh"
for tool in curl openssl node; do command -v $tool >/dev/null || skip "$tool (./dev setup)"; done

two_bare_hosts
chmod 755 "$work"  # the log's writer and other users may pass
tls=$work/office-tls.pem
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=vpn.example.net \
  -addext subjectAltName=DNS:vpn.example.net -keyout "$work/office-tls.key" -out "$tls" 2>/dev/null
pin=sha256//$(openssl x509 -in "$tls" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64)
cookbook office/office.conf
(umask 077 && echo "correct horse" >"$work/alice.password" && echo "battery staple" >"$work/bob.password")
check "a user" "$RINGWIRE" user add "$work/office.conf" alice --password-file "$work/alice.password"
check "another" "$RINGWIRE" user add "$work/office.conf" bob --password-file "$work/bob.password"
check_fails "not twice" "$RINGWIRE" user add "$work/office.conf" bob --password-file "$work/bob.password"
check_equal "only root reads the file" 600 "$(stat -c %a "$work/office.users")"
check "check reads the certificate and the users" "$RINGWIRE" check "$work/office.conf"
check_fails "and warns of nothing" grep -q warning "$work/check.out"
check "the gateway starts" up a "$work/office.conf"

# client VERB OPTIONS_JSON: its answer is in $work/answer.json.
client() { on b node "$e2e_dir/tools/enrol_client.mjs" "$1" vpn.example.net 192.0.2.1 443 "$tls" "$2" >"$work/answer.json"; }
# field EXPRESSION: of the answer, as a Python expression over `answer`.
field() { "$RINGWIRE_PYTHON" -c 'import json, sys; answer = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/answer.json" "$1"; }
login() {  # login USER PASSWORD [KEY]
  client login "{\"user\":\"$1\",\"password\":\"$2\",\"device\":\"laptop\",\"public_key\":\"${3:-${public[b]}}\"}"
}
status_of_login() { login alice "correct horse" && [ "$(field 'answer["status"]')" = "$1" ]; }
get() { on b curl -sS --max-time "$patience" --noproxy '*' --cacert "$tls" --resolve vpn.example.net:443:192.0.2.1 "https://vpn.example.net$1"; }
renewed() { client renew "{\"token\":\"$token\",\"revision\":0}" && [ "$(field 'answer["status"]')" = 200 ]; }
reset_psk() { wg set wgb peer "${public[a]}" preshared-key <(field 'answer["preshared_key"]'); }

say "the API"
check_soon "it answers" output_has '"version":1' get /ringwire/v1/
check_fails "not by TLS 1.2" on b curl -sS --tls-max 1.2 --noproxy '*' --cacert "$tls" --resolve vpn.example.net:443:192.0.2.1 https://vpn.example.net/
check "the pin is that of the key" on b curl -sS --max-time "$patience" --noproxy '*' -k --pinnedpubkey "$pin" \
  --resolve vpn.example.net:443:192.0.2.1 https://vpn.example.net/ringwire/v1/
check_equal "only its own pages" '{"error":"not_found"}' "$(get /etc/passwd)"

say "a password"
login alice wrong
check_equal "a wrong one is refused" 401 "$(field 'answer["status"]')"
login nobody "correct horse"
check_equal "an unknown user is refused alike" '401 credentials' "$(field 'str(answer["status"]) + " " + answer["body"]["error"]')"
check_fails "a party between them is noticed" client login "{\"wrong_binding\":1,\"public_key\":\"${public[b]}\"}"
check_equal "nobody is in" "" "$(wg show office peers)"
login alice "correct horse"
check_equal "the right one opens" 201 "$(field 'answer["status"]')"
check_equal "the gateway has the client's key" "${public[b]}" "$(wg show office peers)"
token=$(field 'answer["body"]["token"]')
own=$(field 'answer["body"]["config"]["addresses"][0]')

say "the tunnel"
start b wgb
set_up b wgb b 0 "${own%/*}/24"
wg set wgb peer "$(field 'answer["body"]["config"]["gateway_key"]')" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.0/24
check_fails "not without the preshared key" on b ping -n -q -c 1 -W 2 10.77.0.1
reset_psk
check_soon "traffic" on b ping -n -q -c 1 -W 5 10.77.0.1

say "renewals"
client renew "{\"token\":\"$token\",\"revision\":0,\"public_key\":\"${public[b]}\",\"gateway_key\":\"${public[a]}\"}"
check_equal "a token renews" 200 "$(field 'answer["status"]')"
client renew "{\"token\":\"$token\",\"revision\":0,\"rekey\":true,\"public_key\":\"${public[b]}\",\"gateway_key\":\"${public[a]}\"}"
check_equal "and changes the preshared key" 200 "$(field 'answer["status"]')"
reset_psk
check_soon "traffic goes on" on b ping -n -q -c 1 -W 5 10.77.0.1
client renew "{\"token\":\"$(tr 'A-Za-z' 'B-ZAb-za' <<<"$token")\",\"revision\":0}"
check_equal "another token does not" 401 "$(field 'answer["status"]')"

say "processes"
bounded() {  # bounded NAME: each process of that name has no right left, and there is one
  local pid
  [ -n "$(pgrep -x "$1")" ] || return 1
  for pid in $(pgrep -x "$1"); do
    ! grep -Eq '^Uid:.*\b0\b' "/proc/$pid/status" && grep -Eq '^CapEff:\s0+$' "/proc/$pid/status" &&
      grep -Eq '^NoNewPrivs:\s1$' "/proc/$pid/status" && grep -Eq '^Seccomp:\s2$' "/proc/$pid/status" || return 1
  done
}
for name in rw-portal rw-registrar; do check_soon "$name has no right" bounded $name; done
another() { local now; now=$(pgrep -x "$1") && [ "$now" != "$2" ]; }  # another NAME PIDS: other processes of that name
for name in rw-portal rw-registrar; do
  before=$(pgrep -x $name)
  kill -KILL $before
  check_soon "$name that is killed comes back" another $name "$before"
  check "tunnels do not notice" on b ping -n -q -c 1 -W 5 10.77.0.1
  check_equal "the lease stays" "${public[b]}" "$(wg show office peers)"
  check_soon "clients get answers" output_has '"version":1' get /ringwire/v1/
  check_soon "and renew" renewed
done

say "what a lease is not"
check "reload" on a "$RINGWIRE" reload office
check_equal "keeps it" "${public[b]}" "$(wg show office peers)"
check "save" on a "$RINGWIRE" save office
check_fails "does not write it" grep -F "${public[b]}" "$work/office.conf"
login bob "battery staple"
check_equal "nobody gets the key of another user" '409 key_in_use' "$(field 'str(answer["status"]) + " " + answer["body"]["error"]')"
check_equal "a list names user, device, key and address" "alice laptop ${public[b]} ${own%/*}" \
  "$(on a "$RINGWIRE" user list office | head -1 | cut -f 1-4 | tr '\t' ' ')"

say "a restart of the gateway"
check "down" down a office
check "up" up a "$work/office.conf"
check_soon "the lease is back" prints "${public[b]}" wg show office peers
check_soon "traffic comes back" on b ping -n -q -c 1 -W 5 10.77.0.1

say "revocation"
new_key c
login bob "battery staple" "${public[c]}"
check_equal "another user is in" 201 "$(field 'answer["status"]')"
check "revoke" on a "$RINGWIRE" user revoke office alice
check_fails "nothing passes any more" on b ping -n -q -c 1 -W 2 10.77.0.1
check_equal "the others stay" "${public[c]}" "$(wg show office peers)"
client renew "{\"token\":\"$token\",\"revision\":0}"
check_equal "the token is told why" '403 revoked' "$(field 'str(answer["status"]) + " " + answer["body"]["reason"]')"
check "a user who goes" on a "$RINGWIRE" user remove "$work/office.conf" bob
check_soon "goes at once" prints "" wg show office peers
login bob "battery staple" "${public[c]}"
check_equal "and does not come back" 401 "$(field 'answer["status"]')"

say "secrets"
check_fails "neither password nor token is in a log, a state file or an argument" \
  grep -rqsF -e "correct horse" -e "battery staple" -e "$token" /run/ringwire /var/lib/ringwire /var/log "$work"/*.log "$work/office.users" /proc/[0-9]*/cmdline
say "what breaks"
echo "no user" >>"$work/office.users"
on a "$RINGWIRE" reload office >"$work/reload.out" 2>&1 || true
check "a broken users file is named" grep -q 'office.users' "$work/reload.out"
check "and the old one stays in use" status_of_login 201
sed -i '$d' "$work/office.users"
openssl req -x509 -key "$work/office-tls.key" -days 60 -subj /CN=vpn.example.net -addext subjectAltName=DNS:vpn.example.net -out "$work/new.pem"
served() { on b openssl s_client -connect 192.0.2.1:443 -servername vpn.example.net </dev/null 2>/dev/null | openssl x509 -noout -serial; }
mv "$work/new.pem" "$tls"
check "reload" on a "$RINGWIRE" reload office
check_soon "a renewed certificate is served" prints "$(openssl x509 -in "$tls" -noout -serial)" served
check "down" down a office
state=/var/lib/ringwire/office.enrol/leases.db
check_equal "nobody else reads the state" 700 "$(stat -c %a ${state%/*})"
head -c 8192 /dev/urandom >$state
check "with a damaged state the tunnel comes up" up a "$work/office.conf"
check_soon "clients are told to come later" status_of_login 503
check "the log says why" grep -q 'office: \[Enrol\]: ' "$work"/../ringwire/office.log
rm -f $state*
check "down again" down a office
check_fails "every process has ended" pgrep -x 'rw-portal|rw-registrar'

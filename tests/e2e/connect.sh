#!/usr/bin/env bash
# The cookbook's small office: clients join by a name and a password, and know the gateway by its pin.
#
#   laptop 192.0.2.2 ------ 192.0.2.1 office lan0 192.168.60.1 ------ 192.168.60.9 inside
source "$(dirname "$0")/lib.sh"
command -v openssl >/dev/null || skip "openssl (./dev setup)"

host laptop office inside
link laptop eth0 office wan0
link office lan0 inside eth0
address laptop eth0 192.0.2.2/24
address office wan0 192.0.2.1/24
address office lan0 192.168.60.1/24
address inside eth0 192.168.60.9/24
ip -n inside route add default via 192.168.60.1
printf '192.0.2.1 vpn.example.net other.example.net\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
chmod 755 "$work"
new_key a

certificate() {  # certificate NAME: $work/NAME-tls.pem and .key, signed by itself
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=vpn.example.net -keyout "$work/$1-tls.key" \
    -out "$work/$1-tls.pem" -addext subjectAltName=DNS:vpn.example.net -days 3650 2>/dev/null
}
certificate office
pin=$(openssl x509 -in "$work/office-tls.pem" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
cookbook office/office.conf
cookbook office/laptop.conf
sed -i 's/^ServerName = .*/&, other.example.net/' "$work/office.conf"
sed -i "s,PIN_OF_OFFICE,$pin," "$work/laptop.conf"
for name in alice wrong; do (umask 077 && printf '%s horse\n' "$name" >"$work/$name.password"); done

# connect_as USER PASSWORD [FLAG...]: in the background. PASSWORD names the file.
connect_as() {
  on laptop "$RINGWIRE" connect "--io=$RINGWIRE_E2E_IO" --background --user "$1" --password-file "$work/$2.password" "${@:3}"
}
connect() { connect_as alice alice "$@"; }
pinned() { connect --pin "sha256//$pin" vpn.example.net; }
# refused WHAT STATUS TEXT COMMAND...: it fails so, and the laptop is as before.
refused() {
  local status=0
  "${@:4}" >"$work/refused.out" 2>&1 || status=$?
  grep -Fq -- "$3" "$work/refused.out" || { cat "$work/refused.out" >&2; fail "$1: it does not say '$3'"; }
  check_equal "$1" "$2" "$status"
  check_equal "  and the laptop is as before" "$before" "$(state_of_laptop)"
}
state_of_laptop() { ip -n laptop address; ip -n laptop route show table all; ip -n laptop rule; on laptop nft list ruleset; }
log_of() { cat "/run/ringwire/$1.log"; }
before=$(state_of_laptop)

say "no gateway"
refused "nobody listens" 1 "no answer on TCP port 443 (192.0.2.1: Connection refused)" pinned

say "the gateway"
check "a user" "$RINGWIRE" user add "$work/office.conf" alice --password-file "$work/alice.password"
check "it starts" up office "$work/office.conf"
portal_listens() { on office ss -ltn | grep :443 >/dev/null; }
wait_until 10 "the portal listens" portal_listens

say "not the right server"
refused "an unknown CA" 4 "if its operator confirms sha256//$pin" connect vpn.example.net
refused "another pin" 4 "nothing was sent" connect --pin "sha256//$(head -c 32 /dev/zero | base64)" vpn.example.net
refused "another name" 4 "its certificate is for vpn.example.net; nothing was sent" connect --ca "$work/office-tls.pem" other.example.net

say "a proof that is refused"
refused "a wrong password" 3 "name, password or code is wrong, or the account is not in use" \
  connect_as alice wrong --pin "sha256//$pin" vpn.example.net
refused "an unknown name" 3 "name, password or code is wrong, or the account is not in use" \
  connect_as mallory alice --pin "sha256//$pin" vpn.example.net
refused "no terminal to ask on" 1 "use --password-file" \
  on laptop "$RINGWIRE" connect --user alice --pin "sha256//$pin" vpn.example.net </dev/null
refused "a mistyped flag" 2 "Pin must be" connect --pin "$pin" vpn.example.net
check_equal "nobody is in" "" "$(wg show office peers)"

say "in the network"
check "connect" pinned
check "the gateway answers" tries on laptop ping -n -q -c 1 -W 5 10.77.0.1
check "and a host behind it" tries on laptop ping -n -q -c 1 -W 5 192.168.60.9
key=/var/lib/ringwire/connect/vpn.example.net.key
check_equal "the key is the laptop's own" "$(wg pubkey <$key)" "$(wg show rw0 public-key)"
check_equal "and the one that the gateway knows" "$(wg pubkey <$key)" "$(wg show office peers)"
check_equal "only root reads it" "600 600" "$(stat -c %a $key ${key%.key}.lease | xargs)"
check_equal "both have a preshared key" "$(wg show rw0 preshared-keys | cut -f2)" "$(wg show office preshared-keys | cut -f2)"
check_fails "which is not none" grep -q none <(wg show rw0 preshared-keys)
check "show says who and until when" output_has 'access: .*alice at vpn.example.net:443, until .* key exchange X25519' on laptop "$RINGWIRE" show rw0
check_fails "nobody reloads a file that is none" on laptop "$RINGWIRE" reload rw0
check_fails "nor saves one" on laptop "$RINGWIRE" save rw0

say "a restart within the session"
check "down" down laptop rw0
check_equal "the laptop is as before" "$before" "$(state_of_laptop)"
check "no password is needed" on laptop "$RINGWIRE" connect "--io=$RINGWIRE_E2E_IO" -b --pin "sha256//$pin" vpn.example.net
check "traffic" tries on laptop ping -n -q -c 1 -W 5 192.168.60.9
check_equal "it is the same key" "$(wg pubkey <$key)" "$(wg show office peers)"

say "the gateway restarts with other settings"
ping_inside() { on laptop ping -n -q -c 1 -W 1 192.168.60.9; }
check "down" down office office
on office nft 'add table inet silence
  add chain inet silence in { type filter hook input priority 0; }; add rule inet silence in udp dport 51820 drop
  add chain inet silence out { type filter hook output priority 0; }; add rule inet silence out udp sport 51820 drop'
sed -i 's,^Routes =.*,&\, 10.99.0.0/16,' "$work/office.conf"
check "up" up office "$work/office.conf"
# A client that gets no answer asks for its lease at once, and hears of the new settings.
has_route() { ping_inside || ip -n laptop route show 10.99.0.0/16 | grep rw0 >/dev/null; }
wait_until 90 "the pushed route is there" has_route
check_fails "while the tunnel is silent" ping_inside
on office nft delete table inet silence
wait_until 90 "traffic comes back" ping_inside
check "and goes on" tries on laptop ping -n -q -c 1 -W 5 192.168.60.9

say "access ends"
check "revoke" on office "$RINGWIRE" user revoke office alice
check_fails "no packet passes" on laptop ping -n -q -c 1 -W 2 192.168.60.9
ended_on_laptop() { on laptop ping -n -q -c 1 -W 1 10.77.0.1; no_interface laptop rw0; }
wait_until 120 "the client notices and ends" ended_on_laptop
check "it says why" output_has 'access was ended by the gateway \(revoked\)' log_of rw0
check_equal "the laptop is as before" "$before" "$(state_of_laptop)"
check_fails "the token is gone" test -e ${key%.key}.lease

say "the cookbook's laptop"
# foreground COMMAND...: its exit code is in $work/status.
foreground() { local status=0; "$@" >"$work/laptop.log" 2>&1 || status=$?; echo "$status" >"$work/status"; }
foreground on laptop "$RINGWIRE" connect "--io=$RINGWIRE_E2E_IO" "$work/laptop.conf" &
wait_until 30 "traffic" ping_inside
check_fails "flags do not change a file" connect "$work/laptop.conf"
check "reload" on laptop "$RINGWIRE" reload laptop
check "traffic" tries on laptop ping -n -q -c 1 -W 5 192.168.60.9
check "remove the user" "$RINGWIRE" user remove "$work/office.conf" alice
ended_foreground() { ping_inside; test -s "$work/status"; }
wait_until 120 "it ends" ended_foreground
check_equal "its exit code says that access ended" 5 "$(cat "$work/status")"
check_equal "the laptop is as before" "$before" "$(state_of_laptop)"
check "the user is back" "$RINGWIRE" user add "$work/office.conf" alice --password-file "$work/alice.password"

say "settings that a client refuses"
push() { sed -i "s|^Routes =.*|Routes = $1|" "$work/office.conf"; check "reload" on office "$RINGWIRE" reload office; }
push '192.168.60.0/24, 127.0.0.0/8'
refused "loopback" 1 "the gateway pushed a route into 127.0.0.0/8 (loopback); nothing was changed" pinned
push '192.168.60.0/24, 192.0.0.0/16'
check "its own network stays outside" output_has 'the pushed route 192.0.0.0/16 is left out' pinned
check_equal "and is not routed there" "" "$(ip -n laptop route show 192.0.0.0/16)"
check "but the rest is" tries on laptop ping -n -q -c 1 -W 5 192.168.60.9
check "down" down laptop rw0
check "only what Routes allows" output_has 'Routes does not allow it' connect --pin "sha256//$pin" --routes 10.0.0.0/8 vpn.example.net
check_equal "nothing else" "" "$(ip -n laptop route show 192.168.60.0/24)"
check "down" down laptop rw0

say "an expired certificate"
openssl x509 -in "$work/office-tls.pem" -signkey "$work/office-tls.key" -days -1 -out "$work/expired.pem" \
  -extfile <(echo subjectAltName=DNS:vpn.example.net) 2>/dev/null
mv "$work/expired.pem" "$work/office-tls.pem"
check "reload" on office "$RINGWIRE" reload office
rm -f ${key%.key}.lease
refused "is refused by its CA" 4 "expired on" connect --ca "$work/office-tls.pem" vpn.example.net

say "a terminal"
certificate office
check "reload" on office "$RINGWIRE" reload office
check "asks for name and password without echo" on laptop "$RINGWIRE_PYTHON" "$e2e_dir/tools/type_password.py" alice 'alice horse' \
  "$RINGWIRE" connect "--io=$RINGWIRE_E2E_IO" --ca "$work/office-tls.pem" vpn.example.net

say "secrets"
check_fails "no password in a log or a journal" grep -rqsF "alice horse" /run/ringwire /var/lib/ringwire/office.enrol "$work/laptop.log"
check "down" down office office

#!/usr/bin/env bash
# A firewall on the gateway that drops forwarded packets: `up` names its table and chain, and prints a command that
# lets the tunnel through.
#
#   laptop 192.0.2.10 ------ 192.0.2.1 gateway lan0 192.168.60.1 ------ 192.168.60.9 inside
source "$(dirname "$0")/lib.sh"
command -v iptables-legacy >/dev/null || skip "iptables (./dev setup)"

host laptop gateway inside
link laptop eth0 gateway wan0
link gateway lan0 inside eth0
address laptop eth0 192.0.2.10/24
address gateway wan0 192.0.2.1/24
address gateway lan0 192.168.60.1/24
address inside eth0 192.168.60.9/24
ip -n inside route add default via 192.168.60.1
new_key laptop gateway
cookbook roaming-host/laptop.conf
cookbook roaming-host/gateway.conf
config=$work/gateway.conf
fix() { sed -n 's/.* drops\? .*(`\(.*\)` lets it through).*/\1/p' "$work/said"; }
plan() { on gateway "$RINGWIRE" up --dry-run "$config" >"$work/said"; }
said() { grep -qF "$1" "$work/said"; }

say "nftables, as a person writes it"
on gateway nft 'add table inet filter; add chain inet filter pass { type filter hook forward priority 0; policy drop; }
  add rule inet filter pass ct state established,related accept; add rule inet filter pass iifname "lan0" accept
  add chain inet filter input { type filter hook input priority 0; policy drop; }
  add rule inet filter input iifname "lo" accept; add rule inet filter input tcp dport 22 accept
  add rule inet filter input iifname "gateway" accept'
plan
check "a dry run says it in a comment" grep -q '^# a firewall drops what gateway brings' "$work/said"
up laptop "$work/laptop.conf"
up gateway "$config" 2>"$work/said"
check "up names the chain" said 'nft table inet filter, chain pass, policy drop'
check "and the one at the port" said 'a firewall drops what peers send to UDP port 51820: nft table inet filter, chain input'
on gateway sh -c "$(fix | grep 'udp dport')"
check "what it prints opens the port" pings laptop 10.4.2.1
check "nothing passes" no_pings laptop 192.168.60.9
on gateway sh -c "$(fix | grep iifname)"
check "what it prints lets the tunnel through" pings laptop 192.168.60.9
plan
check_fails "and there is nothing to say any more" said drops
down gateway gateway

say "nftables, a rule that may concern the tunnel"
up gateway "$config" 2>"$work/said"
down laptop laptop  # the gateway knows nothing of its session
up laptop "$work/laptop.conf"
check "the tunnel works" pings laptop 192.168.60.9
# stops TEXT RULES: they drop, a dry run says TEXT, and what it prints helps.
stops() {
  on gateway nft "flush ruleset; add table inet t; $2"
  plan
  check "a dry run: $1" said "$1"
  check "nothing passes" no_pings laptop 192.168.60.9
  on gateway sh -c "$(fix)"
  check "what it prints lets the tunnel through" pings laptop 192.168.60.9
  plan
  check_fails "then there is nothing to say" said 'lets it through'
}
stops 'a firewall may drop what gateway brings to be forwarded: nft table inet t, chain c, a rule of c' \
  'add chain inet t c { type filter hook forward priority 0; }; add rule inet t c ct state established accept
   add rule inet t c oifname != "wan0" drop'
on gateway nft 'flush ruleset; add table inet t; add chain inet t c { type filter hook forward priority 0; }
  add set inet t bad { type ipv4_addr; elements = { 203.0.113.66 }; }; add rule inet t c ip saddr @bad drop
  add rule inet t c ct state invalid drop; add rule inet t c oifname "guests" drop
  add rule inet t c tcp flags & (fin | syn) == (fin | syn) drop'
plan
check_fails "who drops others is not named" said 'lets it through'
# They let echo requests through.
spawn inside socat TCP-LISTEN:7000,fork,reuseaddr OPEN:/dev/null >"$work/socat.log" 2>&1 &
wait_until 5 "a service" listening inside 7000
connects() { on laptop socat -u OPEN:/dev/null TCP:192.168.60.9:7000,connect-timeout=1; }
# of_program NAME FORWARD INPUT ADDS...: its rules drop all, up says its own commands, and the rules that these add help.
of_program() {
  plan
  check "$1 is named with its own commands" said "(\`$2\` lets it through)"
  check "also for the port" said "(\`$3\` lets it through)"
  check_fails "no connection passes" connects
  for rule in "${@:4}"; do on gateway sh -c "$rule"; done
  check "what they do lets the tunnel through" connects
  plan
  check_fails "then there is nothing to say" said 'lets it through'
}
say "ufw"
on gateway nft flush ruleset
on gateway iptables-restore <"$e2e_dir/firewalls/ufw.rules"
check "a reload says it too" output_has 'ufw drops what gateway brings to be forwarded' on gateway "$RINGWIRE" reload gateway
of_program ufw 'ufw route allow in on gateway; ufw route allow out on gateway' 'ufw allow 51820/udp' \
  'iptables -A ufw-user-forward -i gateway -j ACCEPT; iptables -A ufw-user-forward -o gateway -j ACCEPT' \
  'iptables -A ufw-user-input -p udp -m udp --dport 51820 -j ACCEPT'
say "firewalld"
on gateway nft flush ruleset
on gateway nft -f "$e2e_dir/firewalls/firewalld.nft"
of_program firewalld 'firewall-cmd --zone=trusted --add-interface=gateway' 'firewall-cmd --add-port=51820/udp' \
  "nft insert rule inet firewalld filter_FORWARD_ZONES iifname '\"gateway\"' goto filter_FWD_trusted" \
  'nft add rule inet firewalld filter_IN_public_allow udp dport 51820 accept'
down gateway gateway
on gateway nft flush ruleset

say "a hook that lets it through"
on gateway nft 'add table inet filter; add chain inet filter pass { type filter hook forward priority 0; policy drop; }'
sed "/^ListenPort/a PostUp = nft 'insert rule inet filter pass iifname \"%i\" accept; insert rule inet filter pass ct state established accept'" \
  "$config" >"$work/hooked" && mv "$work/hooked" "$config"
up gateway "$config" 2>"$work/said"
check_fails "is none to warn of" said drops
down gateway gateway

sed -i /PostUp/d "$config"

# iptables_way NAME CHAIN PROGRAM TEXT: with a firewall of that program in force, up says TEXT, and what it prints helps.
iptables_way() {
  up gateway "$config" 2>"$work/said"
  down laptop laptop  # the gateway knows nothing of its session
  up laptop "$work/laptop.conf"
  check "up names $1" said "$4"
  check "nothing passes" no_pings laptop 192.168.60.9
  check_equal "the fix is for that program" "$3 -I $2 -i gateway -j ACCEPT; $3 -I $2 -o gateway -j ACCEPT" "$(fix)"
  on gateway sh -c "$(fix)"
  check "and lets the tunnel through" pings laptop 192.168.60.9
  down gateway gateway
  plan
  check_fails "then there is nothing to say" said drops
}

say "docker, by iptables"
on gateway nft flush ruleset
rule() { on gateway iptables "$@"; }
rule -P FORWARD DROP
rule -N DOCKER-USER
rule -A DOCKER-USER -j RETURN
rule -A FORWARD -j DOCKER-USER
rule -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
rule -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
iptables_way docker DOCKER-USER iptables \
  "docker's firewall drops what gateway brings to be forwarded: nft table ip filter, chain FORWARD, policy drop"

say "iptables-legacy, which nft does not show"
on gateway nft flush ruleset
if on gateway iptables-legacy -P FORWARD DROP 2>/dev/null; then
  iptables_way iptables-legacy FORWARD iptables-legacy 'a firewall of iptables-legacy drops what gateway brings to be forwarded'
  on gateway iptables-legacy -F FORWARD
  on gateway iptables-legacy -P FORWARD ACCEPT
  on gateway iptables-legacy -A FORWARD -i wg+ -j ACCEPT
  on gateway iptables-legacy -A FORWARD -j DROP
  plan
  check "a rule that drops all is seen as well" said 'a firewall of iptables-legacy drops'
  on gateway iptables-legacy -I FORWARD -i gate+ -j ACCEPT
  plan
  check_fails "and one that accepts it by the beginning of its name" said drops
else
  echo "SKIP: this kernel has no iptables-legacy"
fi
down laptop laptop

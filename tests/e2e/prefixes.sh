#!/usr/bin/env bash
# Allowed IPs: the longest prefix wins, a prefix has one owner, single prefixes are added and removed, and 40 peers with
# 52 prefixes each are set and read back.
#
#   g ------ b (10.77.0.2), c (10.77.0.3), each with 10.50.x.x addresses of its own
source "$(dirname "$0")/lib.sh"

host g b c
new_key g b c
start g wgg
set_up g wgg g 51820 10.77.0.1/24
number=1
for peer in b c; do
  number=$((number + 1))
  link $peer eth0 g "to_$peer"
  address $peer eth0 "192.0.$number.2/24"
  address g "to_$peer" "192.0.$number.1/24"
  address $peer lo 10.50.1.1/32 10.50.1.2/32 10.50.2.1/32
  start $peer wg$peer
  set_up $peer wg$peer $peer 51820 "10.77.0.$number/24"
  wg set wg$peer peer "${public[g]}" endpoint "192.0.$number.1:51820" allowed-ips 0.0.0.0/0
  count $peer arrived "iifname \"wg$peer\" icmp type echo-request"
  ip -n g route replace 10.50.0.0/16 dev wgg
  wg set wgg peer "${public[$peer]}" endpoint "192.0.$number.2:51820" allowed-ips "10.77.0.$number/32"
done
reaches() {  # reaches ADDRESS PEER: a ping from g goes to that peer and to no other
  local other=b before_peer before_other
  [ "$2" = b ] && other=c
  before_peer=$(counted "$2" arrived) before_other=$(counted $other arrived)
  answered g "$1" || return 1
  (($(counted "$2" arrived) == before_peer + 1 && $(counted $other arrived) == before_other))
}
prefixes_of() { wg show wgg allowed-ips | awk -v peer="${public[$1]}" '$1 == peer { for (i = 2; i <= NF; i++) print $i }' | sort | paste -sd ' '; }

say "overlapping prefixes"
wg set wgg peer "${public[b]}" allowed-ips 10.77.0.2/32,10.50.0.0/16
wg set wgg peer "${public[c]}" allowed-ips 10.77.0.3/32,10.50.1.0/24
check "the shorter prefix" reaches 10.50.2.1 b
check "the longer prefix" reaches 10.50.1.1 c
wg set wgg peer "${public[b]}" allowed-ips 10.77.0.2/32,10.50.0.0/16,10.50.1.1/32
check "a longer one inside it" reaches 10.50.1.1 b
check "beside it" reaches 10.50.1.2 c
wg set wgg peer "${public[c]}" allowed-ips 10.77.0.3/32,10.50.0.0/16
check "a prefix that another peer takes has one owner" reaches 10.50.2.1 c
check_equal "the former owner keeps the rest" "10.50.1.1/32 10.77.0.2/32" "$(prefixes_of b)"

say "one by one"
uapi() { printf "set=1\npublic_key=%s\nupdate_only=true\n%s\n\n" "$(base64 -d <<<"${public[$1]}" | od -An -v -tx1 | tr -d ' \n')" "$2" | "$RINGWIRE_PYTHON" "$e2e_dir/tools/uapi.py" call wgg; }
check_equal "a prefix is added" errno=0 "$(uapi b allowed_ip=10.50.2.0/24)"
check "and used" reaches 10.50.2.1 b
check_equal "a prefix is removed" errno=0 "$(uapi b allowed_ip=-10.50.2.0/24)"
check "and the shorter one is in force again" reaches 10.50.2.1 c
check_equal "removing what another owns changes nothing" errno=0 "$(uapi b allowed_ip=-10.50.0.0/16)"
check_equal "the owner keeps it" "10.50.0.0/16 10.77.0.3/32" "$(prefixes_of c)"
wg set wgg peer "${public[b]}" remove
check_equal "the other's prefixes stay when a peer goes" "10.50.0.0/16 10.77.0.3/32" "$(prefixes_of c)"

say "40 peers with 52 prefixes"
{
  printf '[Interface]\nPrivateKey=%s\n' "${private[g]}"
  for peer in {1..40}; do
    key=$(wg genkey | wg pubkey)
    printf '[Peer]\nPublicKey=%s\nEndpoint=192.0.2.2:%d\n' "$key" $((20000 + peer))
    for prefix in {1..26}; do
      printf 'AllowedIPs=10.%d.%d.0/24,fd%02x:%x::/64\n' "$peer" "$prefix" "$peer" "$prefix"
    done
  done
} >"$work/forty.conf"
check "are set" wg setconf wgg "$work/forty.conf"
check_equal "40 peers" 40 "$(wg show wgg peers | wc -l)"
check_equal "2,080 prefixes" 2080 "$(wg show wgg allowed-ips | cut -f 2 | wc -w)"
check_equal "52 with each" 52 "$(wg show wgg allowed-ips | awk '{ print NF - 1 }' | sort -u)"
sort_lines() { wg show wgg allowed-ips | sort; }
before=$(sort_lines)
wg showconf wgg >"$work/shown.conf"
check "what showconf prints is a configuration" wg setconf wgg "$work/shown.conf"
check_equal "and the same" "$before" "$(sort_lines)" >/dev/null
echo "ok: and the same"

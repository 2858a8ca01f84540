#!/usr/bin/env bash
# 130,560 allowed IPs are set in one configuration and read back, every one of them.
#
#   a (one interface, no traffic)
source "$(dirname "$0")/lib.sh"

host a
start a wga
awk 'BEGIN { for (i = 1; i <= 255; i++) for (j = 0; j < 256; j++)
  printf "%d.%d.0.0/16\n%x::%x/128\n", i, j, i, j + 1 }' | sort >"$work/wanted"
check_equal "there are that many" 130560 "$(wc -l <"$work/wanted")"
{
  printf '[Interface]\nPrivateKey=%s\n[Peer]\nPublicKey=%s\n' "$(wg genkey)" "$(wg genkey | wg pubkey)"
  sed 's/^/AllowedIPs=/' "$work/wanted"
} >"$work/many.conf"
check "wg setconf takes them" wg setconf wga "$work/many.conf"
wg show wga allowed-ips | cut -f 2 | tr ' ' '\n' | sort >"$work/got"
check "wg shows exactly them" cmp "$work/wanted" "$work/got"
check "wg syncconf with the same file changes nothing" wg syncconf wga "$work/many.conf"
wg show wga allowed-ips | cut -f 2 | tr ' ' '\n' | sort >"$work/got"
check "wg still shows exactly them" cmp "$work/wanted" "$work/got"

#!/usr/bin/env bash
# Files of wg-quick's users, side by side: `wg-quick strip` and `wg setconf` (a), `ringwire strip` and `wg setconf`
# (b), and the service (c) give the same result for each.
#
#   wg_quick_corpus/valid      all three take it
#                  /wider      ringwire takes it, wg or wg-quick may not; why is in the first line
#                  /invalid    nobody takes it; each line `#! LINE:COLUMN: …` begins an error of `ringwire check`
#                  /stricter   wg takes it, ringwire does not; why is in the first line
#
#   a (wg)   b (strip)   c (run): three hosts without a link
source "$(dirname "$0")/lib.sh"
command -v wg-quick >/dev/null || skip "wg-quick (./dev setup)"

host a b c
start a wga
start b wgb
corpus=$e2e_dir/wg_quick_corpus
mkdir "$work/theirs" "$work/c"
export WG_ENDPOINT_RESOLUTION_RETRIES=0
base='[Interface]
ListenPort = 51820'

# What `wg show IF dump` says of the configuration, in an order of its own; a port or mark that the file does
# not name is anybody's choice.
shown() {
  wg show "$1" dump | awk -F '\t' -v port="$names_port" -v mark="$names_mark" '
    NR == 1 { print $1, port ? $3 : "-", mark ? $4 : "-"; next }
    { print $1, $2, $3, $8; count = split($4, list, ","); for (i = 1; i <= count; ++i) print $1, list[i] }' | sort
}
read_file() {  # read_file FILE
  names_port=0 names_mark=0
  if grep -Eiq '^\s*ListenPort\s*=' "$1"; then names_port=1; fi
  if grep -Eiq '^\s*FwMark\s*=' "$1"; then names_mark=1; fi
}
by_wg() {  # by_wg FILE: true where both programs take it
  cp "$1" "$work/theirs/"
  wg-quick strip "$work/theirs/${1##*/}" >"$work/wg.conf" 2>"$work/wg.error" && wg setconf wga "$work/wg.conf" 2>"$work/wg.error"
}
stripped() { "$RINGWIRE" strip "$1" >"$work/our.conf" 2>"$work/our.error"; }
by_us() { stripped "$1" && wg setconf wgb "$work/our.conf" 2>>"$work/our.error"; }

reload() { on c "$RINGWIRE" reload wgc 2>"$work/our.error"; }
by_service() {  # by_service FILE
  # A reload leaves a peer where it is if the file does not say; so it is not to know it from the file before.
  if grep -iq Endpoint "$work/c/wgc.conf"; then
    echo "$base" >"$work/c/wgc.conf"
    reload || return 1
  fi
  cp "$1" "$work/c/wgc.conf"
  reload
}
refuse() { cat "$work/wg.error" "$work/our.error" >&2; fail "$1"; }

echo "$base" >"$work/c/wgc.conf"
on c "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/c/wgc.conf"

say "valid"
compared=0
for file in "$corpus"/valid/*.conf; do
  name=${file##*/}
  read_file "$file"
  by_wg "$file" || refuse "$name: wg does not take it"
  wanted=$(shown wga)
  by_us "$file" || refuse "$name: ringwire strip does not take it"
  [ "$wanted" = "$(shown wgb)" ] || check_equal "$name by ringwire strip" "$wanted" "$(shown wgb)"
  by_service "$file" || refuse "$name: the service does not take it"
  [ "$wanted" = "$(shown wgc)" ] || check_equal "$name in the service" "$wanted" "$(shown wgc)"
  ((++compared))
done
echo "ok: $compared files mean the same to wg-quick, to wg, to ringwire strip and to the service"
((compared > 50)) || fail "that is not the whole corpus"

say "wider"
for file in "$corpus"/wider/*.conf; do
  read_file "$file"
  stripped "$file" || refuse "${file##*/}: ringwire strip does not take it"
  by_service "$file" || refuse "${file##*/}: the service does not take it"
  if by_wg "$file"; then check_equal "${file##*/}, which this wg takes too" "$(shown wga)" "$(by_us "$file" && shown wgb)"; fi
done
echo "ok: ringwire takes what it is to take beyond"
on c "$RINGWIRE" down wgc

say "invalid and stricter"
refused=0
errors_of() { { "$RINGWIRE" check "$1" 2>&1 || true; } | sed -n "s,^$1:,,p"; }
for file in "$corpus"/invalid/*.conf "$corpus"/stricter/*.conf; do
  name=${file##*/}
  if stripped "$file"; then refuse "$name: ringwire takes it"; fi
  got=$(errors_of "$file")
  wanted=$(sed -n 's/^#! //p' "$file")
  check_equal "$name: its errors" "$(wc -l <<<"$wanted")" "$(wc -l <<<"$got")" >/dev/null
  while IFS= read -r line; do
    grep -qF -- "$line" <<<"$got" || check_equal "$name: an error" "$line" "$got"
  done <<<"$wanted"
  if grep -qF "yAnz5TF" <<<"$got"; then fail "$name: the error shows a key"; fi
  case $file in
    */invalid/*) if by_wg "$file"; then refuse "$name: wg takes it"; fi ;;
    *) by_wg "$file" || refuse "$name: wg does not take it either" ;;
  esac
  ((++refused))
done
echo "ok: $refused files are refused, each error in its place"

#!/usr/bin/env bash
# usage: qr.sh BUILD_DIRECTORY FOLDER: the QR code of `add-peer --qr`, painted from the terminal's characters into a picture and read by
# zbarimg, as a phone's camera would: it is the client's file, byte for byte.
source "$(dirname "$0")/lib.sh"

trap 'rm -rf "$work"' EXIT
command -v zbarimg >/dev/null || { not_run "all of it: needs zbarimg (./dev setup --deploy)"; exit 0; }
ringwire=$deploy_build/ringwire
umask 077
cat >"$work/wg0.conf" <<TEXT
[Interface]
PrivateKey = $("$ringwire" genkey)
ListenPort = 51820
Address = 10.77.0.1/24, fd77::1/64
TEXT
check "add-peer prints a file and a code" sh -c "'$ringwire' add-peer --endpoint vpn.example.net --full-tunnel --qr '$work/wg0.conf' phone >'$work/said'"
python3 - "$work/said" "$work/file" "$work/code.pgm" <<'PYTHON'
import re, sys
said, file, picture = sys.argv[1:]
lines = open(said, encoding="utf-8").read().splitlines(keepends=True)
code = [re.sub("\x1b\\[[0-9;]*m", "", line).rstrip("\n") for line in lines if "\x1b[" in line]
open(file, "w").write("".join(line for line in lines if "\x1b[" not in line))
# A character holds two modules, one above the other; painted ones are light.
light = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
rows = [[light[c][half] for c in line] for line in code for half in (0, 1)]
size = 4
pixels = [bytes(255 * module for module in row for _ in range(size)) for row in rows for _ in range(size)]
with open(picture, "wb") as pgm:
    pgm.write(b"P5\n%d %d\n255\n" % (len(pixels[0]), len(pixels)))
    pgm.write(b"".join(pixels))
PYTHON
check "zbarimg reads the code" sh -c "zbarimg -q --raw -Sdisable -Sqrcode.enable '$work/code.pgm' >'$work/read'"
# zbarimg adds a newline at the end.
[ "$(cat "$work/read")" = "$(cat "$work/file")" ] || { diff "$work/file" "$work/read" >&2 || true; fail "the code is not the file"; }
echo "ok: it is the client's file"
cp "$work/read" "$work/phone.conf"
check "which ringwire takes" "$ringwire" check "$work/phone.conf"
echo "ok: all of the QR code"

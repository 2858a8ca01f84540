#!/usr/bin/env bash
# usage: few_needs.sh BINARY: what the release binary needs of the machine that it runs on (docs/decisions/0004-few-shared-libraries.md).
set -euo pipefail
binary=${1:?which binary?}
libraries_max=16 bytes_max=12000000

# The C and C++ runtimes, and what its licence or the decision keeps outside. Later: seccomp, qrencode, oath, crypt.
allowed='libc libm libgcc_s libstdc++ ld-linux-x86-64 ld-linux-aarch64 libcrypto libnl-3 libnl-route-3 libnl-nf-3
  libseccomp libqrencode liboath libcrypt'
# Ciphers of intel-ipsec-mb that nothing calls, and its code for CPUs that ringwire does not use it on.
left_out='zuc|snow3g|kasumi|des3?_|init_mb_mgr_(sse|avx)_t'

failed=0
fail() { echo "few_needs.sh: $binary $*" >&2; failed=1; }

needed=$(readelf -dW "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for library in $needed; do
  case " $(echo $allowed) " in
    *" ${library%%.so*} "*) ;;
    *) fail "needs $library: link it statically, or list it here and say why in the decision" ;;
  esac
done

loaded=$(ldd "$binary" | wc -l)
[ "$loaded" -le $libraries_max ] || fail "loads $loaded shared libraries, the limit is $libraries_max"

stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" "$binary"
bytes=$(stat -c %s "$stripped")
[ "$bytes" -lt $bytes_max ] || fail "has $bytes bytes stripped, the limit is $bytes_max"

symbols=$(nm --defined-only -S "$binary")  # with sizes: a symbol that is left out is a trap of two bytes
[ -n "$symbols" ] || fail "is stripped: give the one of the build tree"
found=$(awk -v names="$left_out" '$4 ~ names && $3 ~ /[Tt]/ && $2 !~ /^00000000000000?[0-9a-f]$/ { print $4 }' <<<"$symbols" | head -3)
[ -z "$found" ] || fail "has code that is never called:" $found

[ $failed = 0 ] || exit 1
echo "few_needs.sh: $loaded shared libraries, $bytes bytes stripped"

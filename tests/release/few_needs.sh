#!/usr/bin/env bash
# usage: few_needs.sh BINARY: what the release binary needs of the machine that it runs on (docs/decisions/0004-few-shared-libraries.md).
set -euo pipefail
binary=${1:?which binary?}
libraries_max=16 bytes_max=12000000

# The C and C++ runtimes, and what its licence or the decision keeps outside. Later: seccomp, qrencode, oath.
allowed='libc libm libgcc_s libstdc++ ld-linux-x86-64 ld-linux-aarch64 libcrypto libssl libnl-3 libnl-route-3 libnl-nf-3
  libseccomp libqrencode liboath libcrypt'
# Functions of ciphers in intel-ipsec-mb that nothing calls, and of its code for CPUs that ringwire does not use it on.
left_out='^_?(zuc_e|snow3g_f|kasumi_f|des_enc|des3?_x16|init_mb_mgr_(sse|avx)_t)'

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

# All that are left out stand for one trap, so they have one address.
functions=$(nm --defined-only "$binary" | awk '$2 ~ /[Tt]/')
[ -n "$functions" ] || fail "is stripped: give the one of the build tree"
addresses=$(awk -v names="$left_out" '$3 ~ names { print $1 }' <<<"$functions" | sort -u | wc -l)
[ "$addresses" -le 1 ] || fail "has code of ciphers that are never called: $addresses functions (cmake/static_libraries.cmake)"

[ $failed = 0 ] || exit 1
echo "few_needs.sh: $loaded shared libraries, $bytes bytes stripped"

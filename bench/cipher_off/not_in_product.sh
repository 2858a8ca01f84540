#!/usr/bin/env bash
# not_in_product.sh PROGRAM...: fails when a program has anything of the build without a cipher in it.
set -euo pipefail
for program in "$@"; do
  if grep -aqE 'NOT ENCRYPTED|OfTheProduct|cipher_off' "$program"; then
    echo "$program has the cipher-off build in it: its packets may not be encrypted" >&2
    exit 1
  fi
done

#!/usr/bin/env bash
# run_whole.sh PROGRAM [ARG...]: all tests of a program of GoogleTest in one process. Its end is that of the program, but for
# 77 where all went well and a test was skipped: the caller is to hear what this machine lacks.
set -euo pipefail
output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$@" --gtest_brief=1 2>&1 | tee "$output"
if grep '^\[  SKIPPED \]' "$output"; then exit 77; fi

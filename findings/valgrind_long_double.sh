#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# valgrind computes long double with the precision of double: a correct program gives another result under it.
#
# Guess: valgrind watches a program and does not change what it computes; a test that passes and then fails under valgrind
#   has found a fault of memory.
# Seen: on x86-64, long double has 64 bits of mantissa, and valgrind does its arithmetic with 53. 1 + 2^-60 is 1 under valgrind,
#   LDBL_EPSILON added to 1 is lost, and a sum up to 2^53 + 1 counts wrong: a loop that waits for a value or compares
#   two ways of computing one behaves differently, without a report. strtold gives rounded values as well.
# With: valgrind 3.19.0 (Debian 12: valgrind 1:3.19.0-1), gcc 12, x86-64
# Source: https://valgrind.org/docs/manual/manual-core.html#manual-core.limits ("no support for 80 bit arithmetic")
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root valgrind=1:3.19.0-1
dpkg -x valgrind_*.deb root
export VALGRIND_LIB=$dir/root/usr/libexec/valgrind
valgrind=$dir/root/usr/bin/valgrind
[[ -x $valgrind.bin ]] && valgrind=$valgrind.bin
"$valgrind" --version

cat >program.c <<'C'
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  volatile long double one = 1, small = 0x1p-60L, epsilon = LDBL_EPSILON, big = 0x1p53L;
  printf("1+2^-60==1:%d 1+epsilon==1:%d 2^53+1:%lld strtold:%lld\n", one + small == one, one + epsilon == one,
         (long long)(big + one), (long long)strtold("9007199254740993", NULL));
}
C
gcc-12 -O1 program.c -o program
plain=$(./program)
watched=$("$valgrind" -q --error-exitcode=9 ./program)
echo "alone:    $plain"
echo "valgrind: $watched"
[[ $plain == "1+2^-60==1:0 1+epsilon==1:0 2^53+1:9007199254740993 strtold:9007199254740993" ]]
[[ $watched == "1+2^-60==1:1 1+epsilon==1:1 2^53+1:9007199254740992 strtold:9007199254740992" ]]
echo "as described"

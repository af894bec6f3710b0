#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sha256sum -c: the first line of a list decides how all others are read, so two good lists may make a bad one.
#
# Guess: each line of a list stands for itself. `HASH NAME` with one blank (the reversed form of the BSDs) and `HASH  NAME` with
#   two are both taken, so a list that was put together from both is, too.
# Seen: each list alone checks. Put together with the BSD lines first, the usual lines are read as BSD ones as well, whose name
#   begins after one blank: ` b` is looked for and not found, and the check fails though no file has changed. The rule is
#   there on purpose, against files that are renamed to begin with a blank. Join the outputs of one form only.
# With: coreutils 9.1 (Debian 12: coreutils 9.1-1)
# Source: https://github.com/coreutils/coreutils/blob/master/src/digest.c (split_3, bsd_reversed)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root coreutils=9.1-1
dpkg -x coreutils_*.deb root
export LC_ALL=C
PATH=$dir/root/usr/bin:$PATH
sha256sum --version | sed -n 1p

echo 1 >a
echo 2 >b
sha256sum a | sed 's/  / /' >bsd
sha256sum b >usual
cat bsd usual >joined
for list in bsd usual; do
  echo "$list: $(sha256sum -c "$list")"
done
status=0
sha256sum -c joined >seen 2>&1 || status=$?
cat seen
[[ $status == 1 ]]
grep -qxF 'a: OK' seen
grep -qxF ' b: FAILED open or read' seen
echo "as described"

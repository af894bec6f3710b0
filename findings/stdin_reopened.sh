#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux: /dev/stdin is another opening of the file: `sha256sum -` and `sha256sum /dev/stdin` may differ.
#
# Guess: /dev/stdin is a name for descriptor 0: reading it goes on where descriptor 0 stands, as after dup().
# Seen: the name leads through /proc/self/fd to the file itself, which is opened anew, with its own offset, flags and check of
#   permissions. After a `read` has taken a line from a file, `-` gives the rest and /dev/stdin the whole. With a pipe no
#   difference is seen. With a socket the opening fails with ENXIO. So whether a tool that insists on a file name can be
#   given /dev/stdin depends on what stands before it.
# With: Linux (seen with 6.18), coreutils 9.1, dash 0.5.12 (its read takes one line and no more)
# Source: proc(5), /proc/pid/fd, https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root coreutils=9.1-1 dash=0.5.12-2
for deb in *.deb; do dpkg -x "$deb" root; done
PATH=$dir/root/bin:$dir/root/usr/bin:$PATH
sha256sum --version | sed -n 1p
echo "Linux $(uname -r)"

printf 'head\nrest\n' >file
whole=$(sha256sum <file | cut -d' ' -f1)
rest=$(printf 'rest\n' | sha256sum | cut -d' ' -f1)
sums() { # the sums of standard input by its two names, after its first line has been read
  # shellcheck disable=SC2016  # dash expands them
  for name in - /dev/stdin; do
    dash -c 'read -r line; sha256sum "$1"' sh "$name" <"$1" | sed "s/$whole/whole/; s/$rest/rest/"
  done
}
sums file | tee seen
diff seen - <<<$'rest  -\nwhole  /dev/stdin'

# dash sees a pipe.
for name in - /dev/stdin; do
  # shellcheck disable=SC2016
  printf 'head\nrest\n' | dash -c 'read -r line; sha256sum "$1"' sh "$name" | sed "s/$whole/whole/; s/$rest/rest/"
done | tee seen
diff seen - <<<$'rest  -\nrest  /dev/stdin'

# dash sees a socket.
python3 - <<'PY'
import socket
import subprocess

here, there = socket.socketpair()
done = subprocess.run(["sha256sum", "/dev/stdin"], stdin=there, stderr=subprocess.PIPE, text=True)
print("a socket:", done.stderr.strip())
assert done.returncode == 1 and "No such device or address" in done.stderr
PY
echo "as described"

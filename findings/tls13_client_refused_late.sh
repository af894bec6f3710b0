#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# TLS 1.3: the handshake of a client that the server refuses succeeds, and what it sends then seems to be sent.
#
# Guess: a handshake that returns without an error means that both sides agree: where the server asks for the client's
#   certificate and gets none, the client's handshake fails, as with TLS 1.2.
# Seen: in TLS 1.3 the client has finished before the server has seen its certificate. The handshake returns, a send returns as
#   well, and the refusal comes as an alert with the first recv. A client that connects, writes and closes never hears of it;
#   a pool that counts a connection as good after the handshake, or retries only what failed in it, is mistaken.
# With: OpenSSL 3.0 by the ssl module of CPython 3.11
# Source: https://github.com/openssl/openssl/issues/8500 (a maintainer's explanation), RFC 8446 section 2,
#   https://www.rfc-editor.org/rfc/rfc8446; the same with rustls: https://github.com/rustls/rustls/issues/1707
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

openssl version
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>req.log

python3 - <<'PY'
import platform
import socket
import ssl
import sys
import threading


def attempt(version):
    """Which step of a client without a certificate fails, and whether the server refused it."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain("cert.pem", "key.pem")
    server_side.load_verify_locations("cert.pem")
    server_side.verify_mode = ssl.CERT_REQUIRED
    client_side = ssl.create_default_context(cafile="cert.pem")
    client_side.minimum_version = client_side.maximum_version = version
    here, there = socket.socketpair()
    for each in here, there:
        each.settimeout(20)
    refused = threading.Event()
    finished = threading.Event()

    def serve():
        connection = server_side.wrap_socket(there, server_side=True, do_handshake_on_connect=False)
        try:
            connection.do_handshake()
        except ssl.SSLError as error:
            assert error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE", error
            refused.set()
            finished.wait(20)  # the socket stays open, so nothing but the alert tells the client
        connection.close()

    server = threading.Thread(target=serve)
    server.start()
    steps = []
    try:
        client = client_side.wrap_socket(here, server_hostname="localhost")
        steps.append("handshake")
        assert refused.wait(20)
        client.sendall(b"hello")
        steps.append("send")
        client.recv(1)
        steps.append("recv")
    except ssl.SSLError as error:
        steps.append(error.reason)
    assert refused.wait(20)
    finished.set()
    server.join()
    print(f"{version.name}: {', '.join(steps)}")
    return steps


print("CPython", platform.python_version(), ssl.OPENSSL_VERSION)
assert sys.version_info[:2] == (3, 11) and ssl.OPENSSL_VERSION_INFO[:2] == (3, 0)
assert attempt(ssl.TLSVersion.TLSv1_2) == ["SSLV3_ALERT_HANDSHAKE_FAILURE"]
assert attempt(ssl.TLSVersion.TLSv1_3) == ["handshake", "send", "TLSV13_ALERT_CERTIFICATE_REQUIRED"]
print("as described")
PY

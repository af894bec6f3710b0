#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# moodycamel's queue never gives the item of a quiet producer while a busy one keeps two items in it.
#
# Guess: the queue is first in, first out for each producer, and which producer comes next is arbitrary; so an item that
#   has been there from the start comes out at some time.
# Seen: try_dequeue without a token asks the first three producers that have something how much they have, and takes from
#   the one that has most. A consumer that puts back what it takes keeps the busy producer at two or one, the quiet
#   one stays at one and, by a tie, behind: five million items come out, and the item that was put in first is still there.
#   With a ConsumerToken the consumer turns to the next producer after 256 items, and the quiet one is served.
# With: concurrentqueue 1.0.3 (Debian 12: libconcurrentqueue-dev 1.0.3+ds-1), g++ 12
# Source: https://github.com/cameron314/concurrentqueue/blob/master/concurrentqueue.h (try_dequeue; and
#   EXPLICIT_CONSUMER_CONSUMPTION_QUOTA_BEFORE_ROTATE), whose README promises order within a producer only
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download -qq -o APT::Sandbox::User=root libconcurrentqueue-dev=1.0.3+ds-1
dpkg -x libconcurrentqueue-dev_*.deb root
g++-12 --version | sed -n 1p
echo "concurrentqueue 1.0.3+ds-1"

cat >program.cpp <<'CPP'
#include <concurrentqueue/concurrentqueue.h>
#include <cstdio>
template <class Take>
static void count(const char* how, Take take) {
  constexpr long most = 5'000'000;
  moodycamel::ConcurrentQueue<int> queue;
  moodycamel::ProducerToken quiet(queue);
  moodycamel::ProducerToken busy(queue);
  queue.enqueue(quiet, -1);  // the first item of all
  queue.enqueue(busy, 1);
  queue.enqueue(busy, 2);
  long taken = 0;
  for (int item = 0; taken < most; ++taken) {
    if (!take(queue, item) || item < 0) break;
    queue.enqueue(busy, item);
  }
  std::printf("%s %s\n", how, taken == most ? "never" : taken <= 256 ? "within 256" : "late");
}
int main() {
  using queue_type = moodycamel::ConcurrentQueue<int>;
  count("without token:", [](queue_type& q, int& item) { return q.try_dequeue(item); });
  moodycamel::ConsumerToken* token = nullptr;
  count("with token:", [&](queue_type& q, int& item) {
    if (token == nullptr) token = new moodycamel::ConsumerToken(q);
    return q.try_dequeue(*token, item);
  });
  delete token;
}
CPP
g++-12 -std=c++20 -O2 -Iroot/usr/include program.cpp -o program
./program | tee seen
diff seen - <<<$'without token: never\nwith token: within 256'
echo "as described"

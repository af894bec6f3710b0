// SPDX-License-Identifier: MIT
// A load generator for the echo servers: one thread, epoll, loopback only.
//
// Closed loop (no --rate): every connection keeps one request outstanding.
// Open loop (--rate R): R requests a second in total, on a fixed schedule, round robin over the connections. Latency counts
// from the moment a request was due and not from when it was sent, so that a server that stalls cannot hide it by holding
// the client back; a request goes out even while earlier ones on its connection are unanswered.
//
// --first 1 runs before all else on its processor, where the user may do so (SCHED_FIFO): the client then stands for one on
// another machine, although the servers' compute takes every processor of this one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <deque>
#include <string_view>
#include <vector>

#include "support/histogram.hpp"
#include "support/report.hpp"

namespace {

using bench::clock;
using std::chrono::nanoseconds;

struct options {
  long port = 0, connections = 64, bytes = 64, workers = 1;
  double seconds = 2, warm_up = 0.3, rate = 0;
  bool first = false;
  std::string bench = "echo", runtime = "unknown", compiler;
};

[[noreturn]] void fail(const char* doing) {
  std::fprintf(stderr, "loadgen: %s: %s\n", doing, std::strerror(errno));
  std::_Exit(1);
}

[[noreturn]] void usage() {
  std::fputs(
      "usage: loadgen --port N [--connections 64] [--bytes 64] [--seconds 2] [--warm-up 0.3] [--rate "
      "REQUESTS_PER_SECOND]\n"
      "               [--first 1] [--bench NAME] [--runtime NAME] [--compiler TEXT] [--workers N]\n",
      stderr);
  std::_Exit(2);
}

options parse(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) usage();
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--port") o.port = std::strtol(value, nullptr, 10);
    else if (name == "--connections") o.connections = std::strtol(value, nullptr, 10);
    else if (name == "--bytes") o.bytes = std::strtol(value, nullptr, 10);
    else if (name == "--workers") o.workers = std::strtol(value, nullptr, 10);
    else if (name == "--seconds") o.seconds = std::strtod(value, nullptr);
    else if (name == "--warm-up") o.warm_up = std::strtod(value, nullptr);
    else if (name == "--rate") o.rate = std::strtod(value, nullptr);
    else if (name == "--first") o.first = std::string_view(value) == "1";
    else if (name == "--bench") o.bench = value;
    else if (name == "--runtime") o.runtime = value;
    else if (name == "--compiler") o.compiler = value;
    else usage();
  }
  const bool sane = o.port > 0 && o.port < 65536 && o.connections > 0 && o.connections <= 20000 && o.bytes > 0 &&
                    o.bytes <= 65536 && o.seconds > 0 && o.seconds <= 600 && o.warm_up >= 0 && o.warm_up <= 60 &&
                    o.rate >= 0 && o.rate <= 1e7;
  if (!sane) usage();
  return o;
}

int connect_to(long port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("make a socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect to the server");
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

class load {
 public:
  explicit load(const options& given)
      : given_(given), message_(static_cast<std::size_t>(given.bytes), 'x'), in_(65536) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) fail("make an epoll instance");
    connections_.resize(static_cast<std::size_t>(given.connections));
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].fd = connect_to(given.port);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event) != 0) fail("watch a connection");
    }
    // Timers of this thread may be late by 50 us otherwise, which an open loop would count as the server's.
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  }

  void run() {
    usleep(50'000);  // lets the server accept everything
    const auto begin = clock::now();
    record_from_ = begin + seconds(given_.warm_up);
    end_ = record_from_ + seconds(given_.seconds);
    if (given_.rate > 0) open_loop(begin);
    else closed_loop();
  }

  void print() const {
    if (latency_.count() == 0) {
      std::fputs("loadgen: no request was answered\n", stderr);
      std::_Exit(1);
    }
    const bench::reporter report(given_.bench, given_.runtime, static_cast<unsigned>(given_.workers), given_.compiler);
    report.higher("req_per_s", "1/s", static_cast<double>(latency_.count()) / given_.seconds);
    report.lower("p50", "us", latency_.quantile(0.5) * 1e-3);
    report.lower("p99", "us", latency_.quantile(0.99) * 1e-3);
    report.lower("p999", "us", latency_.quantile(0.999) * 1e-3);
    report.lower("max", "us", latency_.max() * 1e-3);
    report.higher("answered", "", static_cast<double>(answered_));
    if (given_.rate > 0) report.lower("late_sends_p99", "us", send_lag_.quantile(0.99) * 1e-3);
    if (lost_ > 0) {
      std::fprintf(stderr, "loadgen: %ld of %ld requests unanswered 3 s after the end\n", lost_, answered_ + lost_);
      std::_Exit(1);
    }
  }

 private:
  struct connection {
    int fd = -1;
    long received = 0;                      // bytes of the answer that is coming in
    std::deque<clock::time_point> waiting;  // when the requests without an answer were due
    std::string unsent;                     // what the socket did not take yet (open loop)
  };

  static nanoseconds seconds(double s) {
    return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(s));
  }

  void closed_loop() {
    for (auto& one : connections_) send(one, clock::now());
    for (;;) {
      const auto now = clock::now();
      if (now >= end_) break;
      wait(end_ - now, true);
    }
  }

  void open_loop(clock::time_point begin) {
    const double step = 1e9 / given_.rate;
    const auto give_up = end_ + std::chrono::seconds(3);
    long sent = 0;
    std::size_t turn = 0;
    for (;;) {
      auto due = begin + nanoseconds(static_cast<long>(static_cast<double>(sent) * step));
      while (due < end_ && due <= clock::now()) {
        if (due >= record_from_) send_lag_.add(static_cast<std::uint64_t>((clock::now() - due).count()));
        send(connections_[turn], due);
        turn = (turn + 1) % connections_.size();
        ++sent;
        due = begin + nanoseconds(static_cast<long>(static_cast<double>(sent) * step));
      }
      const auto now = clock::now();
      if (due >= end_ && (answered_ == sent || now >= give_up)) break;
      wait((due < end_ ? due : give_up) - now, false);
    }
    lost_ = sent - answered_;
  }

  void send(connection& to, clock::time_point due) {
    to.waiting.push_back(due);
    to.unsent += message_;
    flush(to);
  }

  void flush(connection& to) {
    const ssize_t written = write(to.fd, to.unsent.data(), to.unsent.size());
    if (written < 0 && errno != EAGAIN) fail("send a request");
    if (written > 0) to.unsent.erase(0, static_cast<std::size_t>(written));
  }

  void wait(nanoseconds limit, bool answer_with_next) {
    if (limit < nanoseconds(0)) limit = nanoseconds(0);
    const timespec timeout{limit.count() / 1'000'000'000, limit.count() % 1'000'000'000};
    epoll_event events[512];
    const int count = epoll_pwait2(epoll_, events, 512, &timeout, nullptr);
    if (count < 0 && errno != EINTR) fail("wait for answers");
    for (int i = 0; i < count; ++i) receive(connections_[events[i].data.u64], answer_with_next);
  }

  void receive(connection& from, bool answer_with_next) {
    const ssize_t count = read(from.fd, in_.data(), in_.size());
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) fail("receive an answer");
    if (count == 0) {
      std::fputs("loadgen: the server closed a connection\n", stderr);
      std::_Exit(1);
    }
    const auto now = clock::now();
    for (ssize_t i = 0; i < count; ++i) {
      if (in_[static_cast<std::size_t>(i)] != 'x') {
        std::fputs("loadgen: the answer is not what was sent\n", stderr);
        std::_Exit(1);
      }
    }
    from.received += count;
    if (!from.unsent.empty()) flush(from);
    while (from.received >= given_.bytes) {
      from.received -= given_.bytes;
      if (from.waiting.empty()) {
        std::fputs("loadgen: more came back than was sent\n", stderr);
        std::_Exit(1);
      }
      const auto due = from.waiting.front();
      from.waiting.pop_front();
      ++answered_;
      if (due >= record_from_ && (given_.rate > 0 || now < end_))
        latency_.add(static_cast<std::uint64_t>((now - due).count()));
      if (answer_with_next && now < end_) send(from, clock::now());
    }
  }

  const options& given_;
  std::string message_;
  std::vector<char> in_;
  std::vector<connection> connections_;
  int epoll_ = -1;
  clock::time_point record_from_, end_;
  long answered_ = 0, lost_ = 0;
  bench::histogram latency_, send_lag_;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const options given = parse(argc, argv);
  if (given.first) {
    sched_param priority{};
    priority.sched_priority = 10;
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0)
      std::fprintf(stderr, "loadgen: --first: %s\n", std::strerror(errno));
  }
  load generator(given);
  generator.run();
  generator.print();
}

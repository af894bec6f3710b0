// SPDX-License-Identifier: MIT
#include <jay/detail/services.hpp>

#include <stdexcept>
#include <string>
#include <utility>

#include <jay/detail/assert.hpp>

namespace jay::detail {
namespace {

atomic<std::uint32_t> places_given{0};

/// Sees to it that the key has a place, if there is one left. The number that one of two racing threads has drawn for
/// nothing is lost, which costs one place.
void give_place(service_key& key, std::size_t places) noexcept {
  if (key.place.load(std::memory_order_relaxed) != 0) return;  // relaxed: a number, which means nothing by itself
  // relaxed: only to be different; it stops counting when all are given
  if (places_given.load(std::memory_order_relaxed) + 1 >= places) return;
  const std::uint32_t mine = places_given.fetch_add(1, std::memory_order_relaxed) + 1;
  std::uint32_t none = 0;
  // relaxed: as above
  if (mine < places) key.place.compare_exchange_strong(none, mine, std::memory_order_relaxed);
}

[[noreturn]] void refuse(const service_key& key, const char* why) {
  throw std::runtime_error(std::string(key.name) + ": " + why);
}

}  // namespace

void ending::waits_for(const char*, const std::string&) noexcept {}

service::~service() = default;
void service::stop(ending&) noexcept {}

services::~services() { end(); }

service* services::look(const service_key& key) const noexcept {
  service* s = last_;
  while (s && s->key_ != &key) s = s->before_;
  return s;
}

service& services::find_or_make(service_key& key) {
  check_not_forked(sched_, key.name);  // before the lock, which a thread of the parent may have
  std::lock_guard g(mutex_);
  if (service* there = look(key)) return *there;
  return add(key, [&] { return key.make(sched_); });
}

service& services::make(service_key& key, const maker& m) {
  check_not_forked(sched_, key.name);
  std::lock_guard g(mutex_);
  if (look(key)) throw std::logic_error(std::string(key.name) + ": it is made already");
  return add(key, m);
}

// With the lock held.
service& services::add(service_key& key, const maker& m) {
  if (ending_) refuse(key, "the runtime is shutting down");
  for (const under_way* u = making_; u; u = u->outer)
    if (&u->key == &key) throw std::logic_error(std::string(key.name) + ": its constructor asks for it");
  struct guard {
    explicit guard(services& s, const service_key& k) noexcept : all(s), now{k, s.making_} { s.making_ = &now; }
    ~guard() { all.making_ = now.outer; }
    services& all;
    const under_way now;
  };
  std::unique_ptr<service> made;
  {
    guard g(*this, key);
    made = m();
  }
  give_place(key, places_.size());
  service* s = made.release();
  s->key_ = &key;
  s->before_ = std::exchange(last_, s);
  // relaxed: a place never changes. [V1] release: with the acquire in find
  if (std::uint32_t place = key.place.load(std::memory_order_relaxed)) places_[place].store(s, std::memory_order_release);
  return *s;
}

void services::stop(ending& e) noexcept {
  {
    std::lock_guard g(mutex_);
    if (!std::exchange(ending_, true)) to_stop_ = last_;
  }
  // Without the lock: what stops may wait for a thread that asks for a service.
  while (service* s = to_stop_) {
    to_stop_ = s->before_;
    s->stop(e);
  }
}

void services::stop() noexcept {
  class at_once final : public ending {
  } e;
  stop(e);
}

void services::end() noexcept {
  stop();
  JAY_DEBUG_ASSERT(!to_stop_ && !making_);
  while (service* s = last_) {
    last_ = s->before_;
    // relaxed: no other thread is left that could look; a destructor that does is on this one
    if (std::uint32_t place = s->key_->place.load(std::memory_order_relaxed))
      places_[place].store(nullptr, std::memory_order_relaxed);
    delete s;
  }
}

}  // namespace jay::detail

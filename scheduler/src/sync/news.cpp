// SPDX-License-Identifier: MIT
#include <jay/detail/news.hpp>

namespace jay::detail {

void news::close() noexcept {
  woken_list woken;
  {
    spin_guard g(mutex);
    closed = true;
    waiters.claim_all(woken);
  }
  woken.wake_all();
}

bool news_awaiter::suspend() {
  if (refused()) return false;
  {
    spin_guard g(news_.mutex);
    if (news_.count <= seen_ && !news_.closed) return news_.waiters.suspend(*this);
  }
  return !go_on_at_once(*this);
}

void news_awaiter::await_resume() {
  if (cancelled()) {
    spin_guard g(news_.mutex);
    news_.waiters.remove(*this);
  }
  finish();
}

}  // namespace jay::detail

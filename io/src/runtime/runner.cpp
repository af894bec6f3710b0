// SPDX-License-Identifier: MIT
#include <jay/run.hpp>

#include <stdexcept>

namespace jay {

event_loop& runner::get_loop() {
  if (closed_) throw std::runtime_error("runner: the runner is closed");
  if (!loop_) {
    loop_.emplace(config_);
    context_ = copy_context();
  }
  return *loop_;
}

void runner::close() {
  if (loop_) loop_->close();
  closed_ = true;
  loop_.reset();
}

}  // namespace jay

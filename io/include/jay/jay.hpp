// SPDX-License-Identifier: MIT
// All of the core.
#pragma once

#include <jay/address.hpp>
#include <jay/barrier.hpp>
#include <jay/buffer.hpp>
#include <jay/cancel.hpp>
#include <jay/condition.hpp>
#include <jay/config.hpp>
#include <jay/context_var.hpp>
#include <jay/create_task.hpp>
#include <jay/enter.hpp>
#include <jay/error.hpp>
#include <jay/event.hpp>
#include <jay/file.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/gather_limited.hpp>
#include <jay/lock.hpp>
#include <jay/queue.hpp>
#include <jay/resolve.hpp>
#include <jay/result.hpp>
#include <jay/runtime.hpp>
#include <jay/scheduler.hpp>
#include <jay/semaphore.hpp>
#include <jay/server.hpp>
#include <jay/settled.hpp>
#include <jay/shield.hpp>
#include <jay/socket.hpp>
#include <jay/stream.hpp>
#include <jay/task.hpp>
#include <jay/task_group.hpp>
#include <jay/task_handle.hpp>
#include <jay/time.hpp>
#include <jay/to_thread.hpp>
#include <jay/unit.hpp>

// SPDX-License-Identifier: MIT
// All of the core.
#pragma once

#include <jay/config.hpp>
#include <jay/create_task.hpp>
#include <jay/enter.hpp>
#include <jay/error.hpp>
#include <jay/future.hpp>
#include <jay/gather.hpp>
#include <jay/result.hpp>
#include <jay/runtime.hpp>
#include <jay/scheduler.hpp>
#include <jay/task.hpp>
#include <jay/task_handle.hpp>
#include <jay/time.hpp>
#include <jay/to_thread.hpp>
#include <jay/unit.hpp>

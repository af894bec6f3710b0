// SPDX-License-Identifier: MIT
// Asio 1.22 knows coroutines in clang only as the experimental kind of libc++; with libstdc++ it has to be told.
#pragma once

#include <version>

#ifndef ASIO_HAS_CO_AWAIT
#define ASIO_HAS_CO_AWAIT 1
#endif
#ifndef ASIO_HAS_STD_COROUTINE
#define ASIO_HAS_STD_COROUTINE 1
#endif

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>

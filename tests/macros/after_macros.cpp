// SPDX-License-Identifier: MIT
// No public header uses a name that a well-known library defines as a macro, so jay can be included after any of them.
// What jay includes of the system stands first: that is not jay's to keep clean. That this file compiles is the test.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <source_location>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

// Qt, <QObject> without QT_NO_KEYWORDS
#undef slots
#define slots
#undef signals
#define signals public
#undef emit
#define emit
#undef forever
#define forever for (;;)
#undef foreach
#define foreach(variable, container) for (variable : container)

// X11, <X11/X.h> and <X11/Xlib.h>
#undef None
#define None 0L
#undef Bool
#define Bool int
#undef Status
#define Status int
#undef True
#define True 1
#undef False
#define False 0
#undef Success
#define Success 0
#undef Always
#define Always 2
#undef Unsorted
#define Unsorted 0
#undef Complex
#define Complex 0
#undef Convex
#define Convex 2
#undef Above
#define Above 0
#undef Below
#define Below 1
#undef CursorShape
#define CursorShape 0
#undef KeyPress
#define KeyPress 2
#undef FocusIn
#define FocusIn 9
#undef Expose
#define Expose 12
#undef BadRequest
#define BadRequest 1
#undef GrayScale
#define GrayScale 1
#undef ControlMask
#define ControlMask (1 << 2)
#undef DirectColor
#define DirectColor 5

// Windows, <windows.h> and its <minwindef.h>
#undef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#undef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#undef small
#define small char
#undef hyper
#define hyper long long
#undef near
#define near
#undef far
#define far
#undef pascal
#define pascal
#undef cdecl
#define cdecl
#undef interface
#define interface struct
#undef ERROR
#define ERROR 0
#undef NO_ERROR
#define NO_ERROR 0
#undef IN
#define IN
#undef OUT
#define OUT
#undef OPTIONAL
#define OPTIONAL
#undef CONST
#define CONST const
#undef VOID
#define VOID void
#undef TRUE
#define TRUE 1
#undef FALSE
#define FALSE 0
#undef DELETE
#define DELETE (0x00010000L)
#undef IGNORE
#define IGNORE 0
#undef STRICT
#define STRICT 1
#undef SUCCESS
#define SUCCESS 0
#undef Yield
#define Yield()
#undef CreateEvent
#define CreateEvent CreateEventA
#undef GetMessage
#define GetMessage GetMessageA
#undef SendMessage
#define SendMessage SendMessageA
#undef CreateMutex
#define CreateMutex CreateMutexA
#undef GetCurrentTime
#define GetCurrentTime() 0

// glibc, <sys/sysmacros.h>, and what gcc defines with its extensions
#undef major
#define major(device) ((device) >> 8)
#undef minor
#define minor(device) ((device) & 255)
#undef makedev
#define makedev(a, b) ((a) << 8 | (b))
#undef unix
#define unix 1
#undef linux
#define linux 1
#undef i386
#define i386 1

// others: BSD, macOS, curses, complex.h
#undef I
#define I _Complex_I
#undef timeout_ms
#define timeout_ms 0
#undef OK
#define OK (0)
#undef ERR
#define ERR (-1)
#undef nil
#define nil 0
#undef Nil
#define Nil 0
#undef DEBUG
#define DEBUG 1
#undef NDEBUG_
#define NDEBUG_ 1

#include <jay/jay.hpp>
#include <jay/testing.hpp>

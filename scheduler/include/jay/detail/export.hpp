// SPDX-License-Identifier: MIT
#pragma once

// Symbols are hidden by default (-fvisibility=hidden), so everything that users link to says JAY_API: first in
// a declaration, or after "struct" (a friend declaration does without). In a static build it is empty: a shared
// library made of jay then does not export jay again.
//
// State that must be one per process (a thread_local, a static, an inline variable) belongs in a .cpp
// behind a JAY_API function. In a header it would be hidden, and so exist once in the program and once
// more in libjay_scheduler.so.
#if defined(JAY_SHARED)
#define JAY_API [[gnu::visibility("default")]]
#else
#define JAY_API
#endif

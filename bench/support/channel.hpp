// SPDX-License-Identifier: MIT
#pragma once

namespace bench {

/// The question "channel": four producers and four consumers over one bounded queue.
inline constexpr long channel_producers = 4, channel_consumers = 4, channel_capacity = 1024;

}  // namespace bench

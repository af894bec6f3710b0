// SPDX-License-Identifier: MIT

package main

import (
	"sync"
	"sync/atomic"
	"time"

	"./support"
)

func main() {
	given := support.Read(100000)
	var group sync.WaitGroup
	var early int64
	group.Add(given.Size)
	watch, state := support.Start(), uint64(88172645463325252)
	for i := 0; i < given.Size; i++ {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		delay := time.Duration(state % 1000000000)
		go func() {
			start := time.Now()
			time.Sleep(delay)
			if time.Since(start) < delay {
				atomic.AddInt64(&early, 1)
			}
			group.Done()
		}()
	}
	group.Wait()
	support.Require(early == 0, "no sleeper woken early")
	support.Reporter{Bench: "timers", Workers: given.Workers}.PerItem("wall_ns_per_timer", given.Size, watch)
}

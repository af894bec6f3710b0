// SPDX-License-Identifier: MIT

// channel: four producers and four consumers over one bounded channel.
package main

import (
	"sync"
	"sync/atomic"

	"./support"
)

const producers, consumers, capacity = 4, 4, 1024

func main() {
	given := support.Read(1000000)
	queue := make(chan int, capacity)
	var sum int64
	var producing, consuming sync.WaitGroup
	producing.Add(producers)
	consuming.Add(consumers)
	watch := support.Start()
	for p := 0; p < producers; p++ {
		p := p
		go func() {
			for i := p; i < given.Size; i += producers {
				queue <- i
			}
			producing.Done()
		}()
	}
	for c := 0; c < consumers; c++ {
		go func() {
			mine := int64(0)
			for value := range queue {
				mine += int64(value)
			}
			atomic.AddInt64(&sum, mine)
			consuming.Done()
		}()
	}
	producing.Wait()
	close(queue)
	consuming.Wait()
	support.Require(sum == int64(given.Size)*int64(given.Size-1)/2, "sum of the items")
	support.Reporter{Bench: "channel", Workers: given.Workers}.PerItem("ns_per_item", given.Size, watch)
}

// SPDX-License-Identifier: MIT

// spawn: a goroutine each, joined by a WaitGroup.
package main

import (
	"sync"

	"./support"
)

func spawn(first int, results []int) int {
	var group sync.WaitGroup
	group.Add(len(results))
	for i := range results {
		i := i
		go func() {
			results[i] = first + i
			group.Done()
		}()
	}
	group.Wait()
	sum := 0
	for _, v := range results {
		sum += v
	}
	return sum
}

func main() {
	given := support.Read(1000000)
	name, batch := "spawn", given.Size
	if given.Mode(0, "all") == "batch" {
		name, batch = "spawn_batch", 10000
	}
	watch, sum := support.Start(), 0
	results := make([]int, batch)
	for first := 0; first < given.Size; first += batch {
		last := first + batch
		if last > given.Size {
			last = given.Size
		}
		sum += spawn(first, results[:last-first])
	}
	support.Require(sum == given.Size*(given.Size-1)/2, "sum of the spawned goroutines")
	support.Reporter{Bench: name, Workers: given.Workers}.PerItem("ns_per_task", given.Size, watch)
}

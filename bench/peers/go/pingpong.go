// SPDX-License-Identifier: MIT

package main

import "./support"

func main() {
	given := support.Read(1000000)
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for value := range there {
			back <- value + 1
		}
	}()
	watch, value := support.Start(), 0
	for i := 0; i < given.Size; i++ {
		there <- value
		value = <-back
	}
	support.Require(value == given.Size, "round trips")
	support.Reporter{Bench: "pingpong", Workers: given.Workers}.PerItem("ns_per_round_trip", given.Size, watch)
}

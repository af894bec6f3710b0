// SPDX-License-Identifier: MIT

// fib: a goroutine and a channel for each fork.
package main

import "./support"

func fib(n int) int {
	if n < 2 {
		return n
	}
	result := make(chan int, 1)
	go func() { result <- fib(n - 1) }()
	b := fib(n - 2)
	return <-result + b
}

func value(n int) int {
	a, b := 0, 1
	for ; n > 0; n-- {
		a, b = b, a+b
	}
	return a
}

func main() {
	given := support.Read(30)
	fib(16)
	watch := support.Start()
	got := fib(given.Size)
	support.Require(got == value(given.Size), "fib")
	support.Reporter{Bench: "fib", Workers: given.Workers}.PerItem("ns_per_task", 2*value(given.Size+1)-1, watch)
}

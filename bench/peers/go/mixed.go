// SPDX-License-Identifier: MIT

// mixed: an echo server beside endless fork-join on the same goroutine scheduler.
package main

import (
	"fmt"
	"os"
	"sync/atomic"

	"./support"
)

// As in bench/support/load.hpp.
const (
	fineLeaf      = 16
	coarseLeaf    = 28
	treeHeight    = 12
	requestPieces = 8
	pieceSize     = 14
	pieceValue    = 377
)

//go:noinline
func plainFib(n int) int {
	if n < 2 {
		return n
	}
	return plainFib(n-1) + plainFib(n-2)
}

func tree(n, leaf int) int {
	if n <= leaf {
		atomic.AddInt64(&support.LeavesDone, 1)
		return plainFib(n)
	}
	result := make(chan int, 1)
	go func() { result <- tree(n-1, leaf) }()
	b := tree(n-2, leaf)
	return <-result + b
}

func compute() {
	results, sum := make(chan int, requestPieces), 0
	for i := 1; i < requestPieces; i++ {
		go func() { results <- plainFib(pieceSize) }()
	}
	results <- plainFib(pieceSize)
	for i := 0; i < requestPieces; i++ {
		sum += <-results
	}
	support.Require(sum == requestPieces*pieceValue, "pieces of a request")
}

func main() {
	given := support.Read(0)
	leaf, known := map[string]int{"none": 0, "fine": fineLeaf, "coarse": coarseLeaf}[given.Mode(0, "none")]
	onRequest, knownRequest := map[string]func(){"echo": func() {}, "compute": compute}[given.Mode(1, "echo")]
	if !known || !knownRequest {
		fmt.Fprintln(os.Stderr, "usage: mixed PORT WORKERS none|fine|coarse echo|compute")
		os.Exit(2)
	}
	for i := 0; leaf != 0 && i < given.Workers; i++ {
		go func() {
			for {
				tree(leaf+treeHeight, leaf)
			}
		}()
	}
	go support.ServeEcho(given.Size, onRequest)
	support.ObeyStandardInput(support.Reporter{Bench: "mixed", Workers: given.Workers}, leaf != 0)
}

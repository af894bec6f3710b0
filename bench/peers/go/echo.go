// SPDX-License-Identifier: MIT

package main

import "./support"

func main() {
	given := support.Read(0)
	go support.ServeEcho(given.Size, func() {})
	support.ObeyStandardInput(support.Reporter{Bench: "echo", Workers: given.Workers}, false)
}

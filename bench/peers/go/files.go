// SPDX-License-Identifier: MIT

// files: goroutines take paths from a channel, read and hash. The tree is made by the programs in C++.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"./support"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "files:", err)
		os.Exit(1)
	}
}

func hash(path string, buffer []byte) uint64 {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	sum := sha256.New()
	for {
		n, err := file.Read(buffer)
		sum.Write(buffer[:n])
		if err == io.EOF {
			break
		}
		check(err)
	}
	return binary.LittleEndian.Uint64(sum.Sum(nil))
}

func main() {
	given := support.Read(20000)
	kind := given.Mode(0, "small")
	self, err := os.Executable()
	check(err)
	root := filepath.Join(filepath.Dir(self), "..", "..", fmt.Sprintf("files-%s-%d", kind, given.Size))
	text, err := os.ReadFile(filepath.Join(root, "expected"))
	check(err)
	size := 16384
	if kind == "large" {
		size = 1 << 20
	}
	watch := support.Start()
	paths := make(chan string, 1024)
	var all uint64
	var group sync.WaitGroup
	for i := 0; i < 4*given.Workers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			buffer := make([]byte, size)
			for path := range paths {
				atomic.AddUint64(&all, hash(path, buffer))
			}
		}()
	}
	check(filepath.WalkDir(filepath.Join(root, "files"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			paths <- path
		}
		return err
	}))
	close(paths)
	group.Wait()
	support.Require(fmt.Sprint(all) == strings.TrimSpace(string(text)), "checksum of the files")
	support.Reporter{Bench: "files_" + kind, Workers: given.Workers}.PerItem("ns_per_file", given.Size, watch)
}

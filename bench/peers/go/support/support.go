// SPDX-License-Identifier: MIT

// Package support prints the result lines and obeys the commands that every benchmark program shares (see bench/support).
package support

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Args are the positional arguments: SIZE WORKERS [MODE...].
type Args struct {
	Size    int
	Workers int
	modes   []string
}

// Read parses the command line and sets the number of workers.
func Read(defaultSize int) Args {
	a := Args{Size: number(1, defaultSize), Workers: number(2, 1)}
	if len(os.Args) > 3 {
		a.modes = os.Args[3:]
	}
	runtime.GOMAXPROCS(a.Workers)
	return a
}

// Mode gives the mode with that index, or the fallback.
func (a Args) Mode(index int, fallback string) string {
	if index < len(a.modes) {
		return a.modes[index]
	}
	return fallback
}

func number(index, fallback int) int {
	if len(os.Args) <= index {
		return fallback
	}
	n, err := strconv.Atoi(os.Args[index])
	if err != nil || n < 0 {
		fmt.Fprintf(os.Stderr, "usage: %s SIZE WORKERS [MODE...]\n", os.Args[0])
		os.Exit(2)
	}
	return n
}

// Require ends the program with status 1 where a benchmark computed something wrong.
func Require(right bool, what string) {
	if !right {
		fmt.Fprintln(os.Stderr, "wrong result:", what)
		os.Exit(1)
	}
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)*1e-6
}

func peakRSSMiB() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			kib, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
			return kib / 1024
		}
	}
	return 0
}

// Stopwatch counts wall and processor time from its creation on.
type Stopwatch struct {
	wall time.Time
	cpu  float64
}

// Start begins counting.
func Start() Stopwatch { return Stopwatch{time.Now(), cpuSeconds()} }

// Reporter prints the result lines of one benchmark.
type Reporter struct {
	Bench   string
	Workers int
}

// Line prints one result.
func (r Reporter) Line(metric, unit, better string, value float64) {
	fmt.Printf("{\"bench\":%q,\"runtime\":\"go\",\"compiler\":%q,\"workers\":%d,\"metric\":%q,\"unit\":%q,\"better\":%q,\"value\":%.6g}\n",
		r.Bench, "go "+strings.TrimPrefix(runtime.Version(), "go"), r.Workers, metric, unit, better, value)
}

// PerItem prints time per item, wall, processor time and peak memory.
func (r Reporter) PerItem(metric string, items int, watch Stopwatch) {
	wall, cpu := time.Since(watch.wall).Seconds(), cpuSeconds()-watch.cpu
	r.Line(metric, "ns", "lower", wall*1e9/float64(items))
	r.Line("wall", "ms", "lower", wall*1e3)
	r.Line("cpu", "ms", "lower", cpu*1e3)
	r.Line("peak_rss", "MiB", "lower", peakRSSMiB())
}

// LeavesDone counts the leaves of the endless compute.
var LeavesDone int64

// ObeyStandardInput serves start, stop and the end of the input.
func ObeyStandardInput(r Reporter, countsLeaves bool) {
	watch, leaves := Start(), int64(0)
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		switch commands.Text() {
		case "start":
			leaves = atomic.LoadInt64(&LeavesDone)
			watch = Start()
			fmt.Println("STARTED")
		case "stop":
			wall, cpu := time.Since(watch.wall).Seconds(), cpuSeconds()-watch.cpu
			if countsLeaves {
				r.Line("leaves_per_s", "1/s", "higher", float64(atomic.LoadInt64(&LeavesDone)-leaves)/wall)
			}
			r.Line("cpu", "ms", "lower", cpu*1e3)
			r.Line("wall", "ms", "lower", wall*1e3)
			r.Line("peak_rss", "MiB", "lower", peakRSSMiB())
			fmt.Println("STOPPED")
		}
	}
	os.Exit(0)
}

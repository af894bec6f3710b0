// SPDX-License-Identifier: MIT

// fairness: the waits of one victim beside hogs that keep every worker busy, as in bench/fairness.cpp.
package main

/*
#cgo LDFLAGS: -pthread
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

// A thread of the operating system that Go knows nothing of: a goroutine locked to a thread would wait for a processor of
// Go's before it acts. A pause after it was asked, it writes a byte, or calls Go.
extern void setFromOutside(void);

static sem_t asked;
static int far_end = -1;
static _Atomic long long acted;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void* outside(void* unused) {
  for (;;) {
    while (sem_wait(&asked) != 0) {
    }
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
    acted = now();
    if (far_end < 0) {
      setFromOutside();
    } else if (write(far_end, "x", 1) != 1) {
      return unused;
    }
  }
}

static int start_outside(int fd) {
  far_end = fd;
  pthread_t thread;
  return sem_init(&asked, 0, 0) != 0 || pthread_create(&thread, NULL, outside, NULL) != 0;
}
static void ask_outside(void) { sem_post(&asked); }
static long long last_acted(void) { return acted; }
*/
import "C"

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"./support"
)

// As in bench/support/fairness.hpp.
const (
	hogsAWorker = 2
	leaf        = 16
	treeHeight  = 12
	stepSize    = 19
	sleepers    = 2000
	crowdSize   = 100
	pause       = time.Millisecond
	warmUp      = 50 * time.Millisecond
)

var hogNames = []string{"none", "fork_join", "yields", "ping_pong", "spawn_chain", "ready_operations", "io_flood", "timers"}
var victims = map[string]func(*samples){
	"new_task": newTask, "other_thread": otherThread, "timer": timer, "yield": yield, "socket": socket, "crowd": crowd,
}

// ---- command line and output ----

func wrong(complaint string) {
	fmt.Fprintf(os.Stderr, "fairness: %s\nusage: %s HOG VICTIM SECONDS WORKERS\n", complaint, os.Args[0])
	fmt.Fprintf(os.Stderr, "  HOG:    %s\n  VICTIM: new_task other_thread timer yield socket crowd\n", strings.Join(hogNames, " "))
	os.Exit(2)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The waits of one victim, taken until the time is over; at least one.
type samples struct {
	end   time.Time
	waits []float64
}

func (s *samples) goOn() bool { return len(s.waits) == 0 || time.Now().Before(s.end) }

func (s *samples) add(wait time.Duration) { s.waits = append(s.waits, float64(wait)/1e3) }

func (s *samples) print(hog, victim string) {
	sort.Float64s(s.waits)
	sum, count := 0.0, len(s.waits)
	for _, wait := range s.waits {
		sum += wait
	}
	fmt.Printf("%s %s worst_us=%.1f p99_us=%.1f mean_us=%.1f samples=%d\n",
		hog, victim, s.waits[count-1], s.waits[(count-1)*99/100], sum/float64(count), count)
}

// ---- hogs ----

//go:noinline
func plainFib(n int) int {
	if n < 2 {
		return n
	}
	return plainFib(n-1) + plainFib(n-2)
}

func tree(n int) int {
	if n <= leaf {
		return plainFib(n)
	}
	var group sync.WaitGroup
	var a int
	group.Add(1)
	go func() {
		a = tree(n - 1)
		group.Done()
	}()
	b := tree(n - 2)
	group.Wait()
	return a + b
}

func forkJoin() {
	for {
		tree(leaf + treeHeight)
	}
}

func yields() {
	for {
		plainFib(stepSize)
		runtime.Gosched()
	}
}

func startPingPong() {
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for ball := range there {
			back <- ball
		}
	}()
	go func() {
		for ball := 0; ; ball = 1 - ball {
			there <- ball
			support.Require(<-back == ball, "ball")
		}
	}()
}

func spawnChain() { go spawnChain() }

func readyOperations() {
	own := make(chan int, 1)
	for {
		own <- 1
		<-own
	}
}

func bounce(connection net.Conn, begins bool) {
	ball := make([]byte, 1)
	if begins {
		_, err := connection.Write(ball)
		must(err)
	}
	for {
		_, err := connection.Read(ball)
		must(err)
		_, err = connection.Write(ball)
		must(err)
	}
}

func socketPair() [2]int {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(err)
	return pair
}

func adopt(fd int) net.Conn {
	file := os.NewFile(uintptr(fd), "socket")
	connection, err := net.FileConn(file)
	must(err)
	must(file.Close())
	return connection
}

func sleepAgainAndAgain() {
	for {
		time.Sleep(pause)
	}
}

// They never end: the process does.
func start(hog string, workers int) {
	count := workers * hogsAWorker
	switch hog {
	case "ping_pong":
		for i := 0; i < count/2; i++ {
			startPingPong()
		}
	case "io_flood":
		for i := 0; i < count/2; i++ {
			pair := socketPair()
			go bounce(adopt(pair[0]), true)
			go bounce(adopt(pair[1]), false)
		}
	case "timers":
		for i := 0; i < sleepers; i++ {
			go sleepAgainAndAgain()
		}
	case "none":
	default:
		run := map[string]func(){
			"fork_join": forkJoin, "yields": yields, "spawn_chain": spawnChain, "ready_operations": readyOperations,
		}[hog]
		for i := 0; i < count; i++ {
			go run()
		}
	}
}

// ---- victims ----

func newTask(waits *samples) {
	begun := make(chan time.Time, 1)
	for waits.goOn() {
		made := time.Now()
		go func() { begun <- time.Now() }()
		waits.add((<-begun).Sub(made))
		time.Sleep(pause)
	}
}

var set = make(chan struct{}, 1)

//export setFromOutside
func setFromOutside() { set <- struct{}{} }

func startOutside(fd int) {
	support.Require(C.start_outside(C.int(fd)) == 0, "start of a thread")
}

func sinceActed() time.Duration { return time.Duration(C.now() - C.last_acted()) }

func otherThread(waits *samples) {
	startOutside(-1)
	for waits.goOn() {
		C.ask_outside()
		<-set
		waits.add(sinceActed())
	}
}

func timer(waits *samples) {
	for waits.goOn() {
		due := time.Now().Add(pause)
		time.Sleep(pause)
		waits.add(time.Since(due))
	}
}

func yield(waits *samples) {
	for waits.goOn() {
		gaveWay := time.Now()
		runtime.Gosched()
		waits.add(time.Since(gaveWay))
		time.Sleep(pause)
	}
}

func socket(waits *samples) {
	pair := socketPair()
	mine, received := adopt(pair[0]), make([]byte, 1)
	startOutside(pair[1])
	for waits.goOn() {
		C.ask_outside()
		_, err := mine.Read(received)
		must(err)
		waits.add(sinceActed())
	}
}

func crowd(waits *samples) {
	begun := make(chan time.Time, crowdSize)
	for waits.goOn() {
		made := time.Now()
		for i := 0; i < crowdSize; i++ {
			go func() { begun <- time.Now() }()
		}
		last := made
		for i := 0; i < crowdSize; i++ {
			if at := <-begun; at.After(last) {
				last = at
			}
		}
		waits.add(last.Sub(made))
		time.Sleep(pause)
	}
}

func main() {
	if len(os.Args) != 5 {
		wrong("four arguments are needed")
	}
	hog, victim := os.Args[1], os.Args[2]
	known := false
	for _, name := range hogNames {
		known = known || name == hog
	}
	if !known {
		wrong("no such hog: " + hog)
	}
	measure, known := victims[victim]
	if !known {
		wrong("no such victim: " + victim)
	}
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	if err != nil || !(seconds >= 0.001 && seconds <= 3600) {
		wrong("SECONDS is a number from 0.001 to 3600, not " + os.Args[3])
	}
	workers, err := strconv.Atoi(os.Args[4])
	if err != nil || workers < 1 || workers > 1024 {
		wrong("WORKERS is a whole number from 1 to 1024, not " + os.Args[4])
	}
	runtime.GOMAXPROCS(workers)
	start(hog, workers)
	time.Sleep(warmUp)
	waits := &samples{end: time.Now().Add(time.Duration(seconds * float64(time.Second)))}
	measure(waits)
	waits.print(hog, victim)
}

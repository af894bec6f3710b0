# SPDX-License-Identifier: MIT
"""Runs the programs of program.hpp, one a line of the standard input, in CPython: gives a line of json, the trace, for each.

What Python 3.13 does otherwise than 3.11 is written out here, so that both give the same."""
import asyncio
import json
import sys

LOCKS, EVENTS, FUTURES, HANDLES_AT_MOST, TURNS = (int(n) for n in sys.argv[1:6])


class Semaphore:
    """As in 3.13: whoever gets its turn wakes as many others as there are permits for."""

    def __init__(self, permits):
        self.permits = permits
        self.queue = []

    def locked(self):
        return self.permits == 0 or any(not f.cancelled() for f in self.queue)

    def wake(self):
        for f in self.queue:
            if self.permits == 0:
                return
            if not f.done():
                self.permits -= 1
                f.set_result(None)

    def release(self):
        self.permits += 1
        # one release wakes one at most
        for f in self.queue:
            if not f.done():
                self.permits -= 1
                f.set_result(None)
                return

    async def acquire(self):
        if not self.locked():
            self.permits -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self.queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.permits += 1
            raise
        finally:
            self.queue.remove(turn)
            self.wake()


class Condition(asyncio.Condition):
    """As in 3.13: who leaves with an error may have had a notify, and passes one on."""

    async def wait(self):
        if not self.locked():
            raise RuntimeError
        try:
            return await super().wait()
        except BaseException:
            self.notify(1)
            raise


async def wait_for(operation, limit):
    """As in 3.12: the operation is awaited in place."""
    async with asyncio.timeout(limit):
        return await operation


class Task(asyncio.tasks._PyTask):
    """As jay's tasks, where they differ on purpose (docs/asyncio.md, number 4): a result that has come is given, and a
    cancel that came after it waits for the next suspension. Of locks, events, queues and the like this is not said."""

    given = False  # what is awaited now is of that kind

    def _Task__wakeup(self, future):
        cancelled = future.cancelled() or isinstance(future.exception(), asyncio.CancelledError)
        late = self._must_cancel and self.given and not cancelled
        if late:
            self._must_cancel = False
        super()._Task__wakeup(future)
        if not late or self.done():
            return
        waiter = self._fut_waiter
        if waiter is None or not (waiter.cancelled() or waiter.cancel()):
            self._must_cancel = True


class YoungestFirst(dict):
    """A set."""

    def add(self, one):
        self[one] = True

    def discard(self, one):
        self.pop(one, None)

    def __iter__(self):
        return iter(list(self.keys())[::-1])


GIVEN = ("await_future", "shield_future", "gather_futures", "wait_futures", "await", "shield", "gather", "settle",
         "wait_first", "wait_all", "as_completed", "limited_await", "await_no_time", "shield_call", "group")


class Failure(Exception):
    pass


class Program:
    def __init__(self, p):
        self.functions = p["functions"]
        self.started = p["started"]
        self.upward = p["upward"]
        self.cancels = p["cancels"]
        self.locks = [asyncio.Lock() for _ in range(LOCKS)]
        self.conditions = [Condition() for _ in range(LOCKS)]
        self.semaphores = [Semaphore(n) for n in p["semaphores"]]
        self.events = [asyncio.Event() for _ in range(EVENTS)]
        self.queues = [asyncio.Queue(n) for n in p["queues"]]
        self.barriers = [asyncio.Barrier(2)]
        self.futures = []
        self.handles = []
        self.trace = []
        self.over = False
        self.calls = 0

    def log(self, text):
        if not self.over:
            self.trace.append(text)

    async def main(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        self.futures = [loop.create_future() for _ in range(FUTURES)]
        for f in range(self.started):
            self.spawn(f)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        for i, h in enumerate(self.handles):
            self.log(f"t{i} {'done' if h.done() else 'pending'}")
        self.over = True
        for f in self.futures:
            f.cancel()

    def spawn(self, f):
        if len(self.handles) >= HANDLES_AT_MOST:
            return False
        me = len(self.handles)
        self.handles.append(asyncio.create_task(self.call(f, f"t{me}", me)))
        return True

    async def call(self, f, name, me):
        self.calls += 1
        if self.calls > 4 * HANDLES_AT_MOST:
            return -1
        await self.block(self.functions[f], name, me)
        return me

    async def block(self, statements, name, me):
        for i, s in enumerate(statements):
            if self.over:
                return
            at = f"{name}.{i}"
            try:
                asyncio.current_task().given = s[0] in GIVEN
                self.log(f"{at} {s[0]} {await self.step(s, at, me)}")
            except Failure:
                if s[0] == "throw":
                    raise
                self.log(f"{at} {s[0]} failure")
            except asyncio.CancelledError:
                if self.over:
                    raise
                self.log(f"{at} {s[0]} cancelled")
            except TimeoutError:
                self.log(f"{at} {s[0]} too late")
            except asyncio.InvalidStateError:
                self.log(f"{at} {s[0]} invalid")
            except (RuntimeError, ValueError):
                self.log(f"{at} {s[0]} refused")
            except asyncio.QueueFull:
                self.log(f"{at} {s[0]} full")
            except asyncio.QueueEmpty:
                self.log(f"{at} {s[0]} empty")

    def seen(self, me):
        """The tasks that this one may await."""
        return self.handles[me + 1:] if self.upward else self.handles[:me]

    def some(self, me, a, b):
        """Up to three different ones."""
        all = self.seen(me)
        return list(dict.fromkeys(all[(a + i * (b + 1)) % len(all)] for i in range(min(3, len(all))))) if all else []

    def number(self, h):
        return self.handles.index(h)

    def listed(self, values):
        return "[" + ", ".join(str(v) for v in values) + "]"

    async def step(self, s, at, me):
        op, a, b, body = s
        call = lambda i: self.call(a, f"{at}/{i}", me)
        # locks and their like
        if op == "sleep":
            return await asyncio.sleep(0)
        if op == "lock":
            return await self.inside(self.locks[a], body, at, me)
        if op == "locked":
            return self.locks[a].locked()
        if op == "unlock":
            return self.locks[a].release()
        if op == "semaphore":
            return await self.inside(self.semaphores[a], body, at, me)
        if op == "release":
            return self.semaphores[a].release()
        if op == "no_permit":
            return self.semaphores[a].locked()
        if op == "condition":
            return await self.inside(self.conditions[a], body, at, me)
        if op == "notify":
            return self.conditions[a].notify(1 + b % 2)
        if op == "notify_all":
            return self.conditions[a].notify_all()
        if op == "wait_condition":
            async with self.conditions[a]:
                await self.conditions[a].wait()
            return None
        if op == "set":
            return self.events[a].set()
        if op == "clear":
            return self.events[a].clear()
        if op == "wait_event":
            await self.events[a].wait()
            return None
        if op == "wait_event_no_time":
            async with asyncio.timeout(0):
                await self.events[a].wait()
            return None
        if op == "is_set":
            return self.events[a].is_set()
        if op == "barrier":
            return await self.barriers[0].wait()
        # queues
        if op == "put":
            return await self.queues[a].put(b)
        if op == "get":
            return await self.queues[a].get()
        if op == "put_nowait":
            return self.queues[a].put_nowait(b)
        if op == "get_nowait":
            return self.queues[a].get_nowait()
        if op == "size":
            return self.queues[a].qsize()
        if op == "task_done":
            return self.queues[a].task_done()
        if op == "join":
            return await self.queues[a].join()
        # futures
        if op == "set_result":
            return self.futures[a].set_result(b)
        if op == "set_error":
            return self.futures[a].set_exception(Failure())
        if op == "cancel_future":
            return self.futures[a].cancel()
        if op == "await_future":
            return await self.futures[a]
        if op == "shield_future":
            return await asyncio.shield(self.futures[a])
        if op == "gather_futures":
            return list(await asyncio.gather(self.futures[a], self.futures[(a + 1) % FUTURES]))
        if op == "wait_futures":
            done, _ = await asyncio.wait([self.futures[a], self.futures[(a + 1) % FUTURES]],
                                         return_when=asyncio.FIRST_COMPLETED if b % 2 else asyncio.ALL_COMPLETED)
            return len(done)
        if op == "callback":
            return self.futures[a].add_done_callback(lambda f: self.log(f"{at} called"))
        # tasks
        some = self.some(me, a, b)
        if op == "spawn":
            return self.spawn(a)
        if op == "cancel":
            return self.handles[a].cancel() if a < len(self.handles) else "none"
        if op in ("await", "shield", "task_callback", "gather", "settle", "wait_first", "wait_all", "as_completed",
                  "limited_await", "await_no_time"):
            if not some:
                return "none"
            if op == "await":
                return await some[0]
            if op == "shield":
                return await asyncio.shield(some[0])
            if op == "limited_await":
                return await wait_for(some[0], 1000)
            if op == "await_no_time":
                return await asyncio.wait_for(some[0], 0)
            if op == "task_callback":
                return some[0].add_done_callback(lambda f: self.log(f"{at} called"))
            if op == "gather":
                return list(await asyncio.gather(*some))
            if op == "settle":
                return self.listed("failed" if isinstance(r, BaseException) else r
                        for r in await asyncio.gather(*some, return_exceptions=True))
            if op == "as_completed":
                if sum(h.done() for h in some) > 1:
                    return "too many"  # Python takes them in any order
                for i, one in enumerate(asyncio.as_completed(some)):
                    try:
                        self.log(f"{at} got {await one}")
                    except Failure:
                        self.log(f"{at} got failure")
                return None
            done, _ = await asyncio.wait(
                some, return_when=asyncio.FIRST_COMPLETED if op == "wait_first" else asyncio.ALL_COMPLETED)
            return sorted(self.number(h) for h in done)
        if op == "run":
            return await call(0)
        if op == "shield_call":
            return await asyncio.shield(call(0))
        if op == "limited_call":
            return await wait_for(call(0), 1000)
        if op == "call_no_time":
            return await asyncio.wait_for(call(0), 0)
        if op == "gather_calls":
            return self.listed("failed" if isinstance(r, BaseException) else r
                    for r in await asyncio.gather(*(call(i) for i in range(1 + b % 3)), return_exceptions=True))
        if op == "group":
            async with asyncio.TaskGroup() as tg:
                tg._tasks = YoungestFirst()  # Python cancels them in any order
                for i in range(1 + b % 3):
                    tg.create_task(self.caught(call(i)))
            return None
        if op == "throw":
            raise Failure
        raise AssertionError(op)

    async def caught(self, operation):
        try:
            await operation
        except Failure:
            pass

    async def inside(self, held, body, at, me):
        await held.acquire()
        self.log(f"{at} in")
        try:
            await self.block(body, at, me)
        finally:
            held.release()


async def turns(n):
    for _ in range(n):
        await asyncio.sleep(0)


def run(program):
    loop = asyncio.new_event_loop()
    if program.cancels:
        loop.set_task_factory(lambda loop, coro, **more: Task(coro, loop=loop, **more))
    loop.run_until_complete(program.main())
    # What is left may be blocked for good: it is cancelled, has some turns, and is dropped.
    for t in asyncio.all_tasks(loop):
        t.cancel()
    loop.run_until_complete(turns(50))
    for t in asyncio.all_tasks(loop):
        t._log_destroy_pending = False
    loop.close()


sys.unraisablehook = lambda _: None
for line in sys.stdin:
    program = Program(json.loads(line))
    run(program)
    print(json.dumps(program.trace), flush=True)

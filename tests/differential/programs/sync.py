# SPDX-License-Identifier: MIT
"""Lock, Event, Condition, Semaphore, BoundedSemaphore, Barrier."""
import asyncio

from programs import Oops, outcome, outcome_of_call, say, turns


# ---- Lock


async def a_lock_goes_to_who_has_waited_longest():
    lock = asyncio.Lock()

    async def child(n):
        async with lock:
            say("in", n)
            await asyncio.sleep(0)
            say("out", n)

    await asyncio.gather(*[asyncio.create_task(child(n)) for n in range(3)])


async def a_lock_says_whether_it_is_held():
    lock = asyncio.Lock()
    say(lock.locked())
    await lock.acquire()
    say(lock.locked())
    lock.release()
    say(lock.locked())


async def a_release_of_a_free_lock_is_a_runtime_error():
    say(outcome_of_call(asyncio.Lock().release))


async def an_error_inside_releases_the_lock():
    lock = asyncio.Lock()

    async def child():
        async with lock:
            raise Oops("inside")

    say(await outcome(child()), lock.locked())


async def a_cancelled_waiter_leaves_the_line():
    lock = asyncio.Lock()
    await lock.acquire()

    async def child(n):
        async with lock:
            say("in", n)

    tasks = [asyncio.create_task(child(n)) for n in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    lock.release()
    say([await outcome(task) for task in tasks], lock.locked())


async def a_waiter_that_was_called_and_then_cancelled_passes_the_lock_on():
    lock = asyncio.Lock()
    await lock.acquire()

    async def child(n):
        async with lock:
            say("in", n)

    tasks = [asyncio.create_task(child(n)) for n in range(2)]
    await asyncio.sleep(0)
    lock.release()
    tasks[0].cancel()
    say([await outcome(task) for task in tasks], lock.locked())


async def a_lock_that_was_released_is_not_free_for_who_comes_before_its_waiter():
    lock = asyncio.Lock()
    await lock.acquire()

    async def child(n):
        async with lock:
            say("in", n)

    first = asyncio.create_task(child("first"))
    await asyncio.sleep(0)
    lock.release()
    say(lock.locked())
    await child("main")
    await first


# ---- Event


async def an_event_wakes_all_that_wait_in_order():
    event = asyncio.Event()

    async def child(n):
        await event.wait()
        say(n)

    tasks = [asyncio.create_task(child(n)) for n in range(3)]
    await asyncio.sleep(0)
    say(event.is_set())
    event.set()
    say(event.is_set())
    await asyncio.gather(*tasks)


async def a_set_event_does_not_wait():
    event = asyncio.Event()
    event.set()
    await event.wait()
    say("went on")
    event.clear()
    say(event.is_set())


async def who_was_woken_goes_on_though_the_event_was_cleared():
    event = asyncio.Event()

    async def child():
        await event.wait()
        say("woken", event.is_set())

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    event.set()
    event.clear()
    await task


async def a_cancelled_waiter_of_an_event_leaves():
    event = asyncio.Event()
    task, other = asyncio.create_task(event.wait()), asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    task.cancel()
    say(await outcome(task))
    event.set()
    await other
    say("the other went on")


# ---- Condition


async def a_condition_wakes_as_many_as_are_notified():
    condition = asyncio.Condition()

    async def child(n):
        async with condition:
            await condition.wait()
            say("woken", n)

    tasks = [asyncio.create_task(child(n)) for n in range(4)]
    await turns(2)
    async with condition:
        condition.notify(2)
    await turns(4)
    say([task.done() for task in tasks])
    async with condition:
        condition.notify_all()
    await asyncio.gather(*tasks)


async def a_condition_without_its_lock_is_a_runtime_error():
    condition = asyncio.Condition()
    say(outcome_of_call(condition.notify), outcome_of_call(condition.notify_all), await outcome(condition.wait()))


async def a_notify_without_waiters_is_lost():
    condition = asyncio.Condition()
    async with condition:
        condition.notify()

    async def child():
        async with condition:
            await condition.wait()

    task = asyncio.create_task(child())
    await turns(3)
    say(task.done())
    task.cancel()
    say(await outcome(task), condition.locked())


async def who_waits_for_a_condition_has_let_the_lock_go():
    condition = asyncio.Condition()

    async def child():
        async with condition:
            await condition.wait()
            say("has it again", condition.locked())

    task = asyncio.create_task(child())
    await turns(2)
    say(condition.locked())
    async with condition:
        condition.notify()
    await task
    say(condition.locked())


async def wait_for_looks_again_after_each_notify():
    condition = asyncio.Condition()
    stock = []

    def enough():
        say("looks", len(stock))
        return len(stock) >= 2

    async def child():
        async with condition:
            say("got", await condition.wait_for(enough))

    task = asyncio.create_task(child())
    for n in range(2):
        await turns(2)
        async with condition:
            stock.append(n)
            condition.notify()
    await task


async def a_cancelled_wait_has_the_lock_again():
    condition = asyncio.Condition()

    async def child():
        async with condition:
            try:
                await condition.wait()
            except asyncio.CancelledError:
                say("held", condition.locked())
                raise

    task = asyncio.create_task(child())
    await turns(2)
    task.cancel()
    say(await outcome(task), condition.locked())


async def conditions_may_share_a_lock():
    lock = asyncio.Lock()
    first, second = asyncio.Condition(lock), asyncio.Condition(lock)

    async def child(condition, name):
        async with condition:
            await condition.wait()
            say(name)

    tasks = [asyncio.create_task(child(first, "first")), asyncio.create_task(child(second, "second"))]
    await turns(2)
    async with lock:
        second.notify()
    await turns(3)
    async with lock:
        first.notify()
    await asyncio.gather(*tasks)


# ---- Semaphore


async def a_semaphore_lets_so_many_in():
    semaphore = asyncio.Semaphore(2)

    async def child(n):
        async with semaphore:
            say("in", n)
            await turns(2)
            say("out", n)

    await asyncio.gather(*[asyncio.create_task(child(n)) for n in range(4)])


async def a_semaphore_without_permits_is_locked():
    semaphore = asyncio.Semaphore(1)
    say(semaphore.locked())
    await semaphore.acquire()
    say(semaphore.locked())
    semaphore.release()
    semaphore.release()
    await semaphore.acquire()
    say(semaphore.locked())


async def a_negative_number_of_permits_is_a_value_error():
    say(outcome_of_call(lambda: asyncio.Semaphore(-1) and None))


async def a_bounded_semaphore_refuses_a_release_too_many():
    semaphore = asyncio.BoundedSemaphore(1)
    say(outcome_of_call(semaphore.release))
    await semaphore.acquire()
    say(outcome_of_call(semaphore.release))


async def a_cancelled_waiter_takes_no_permit():
    semaphore = asyncio.Semaphore(0)

    async def child(n):
        await semaphore.acquire()
        say("got", n)

    tasks = [asyncio.create_task(child(n)) for n in range(2)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    semaphore.release()
    say([await outcome(task) for task in tasks], semaphore.locked())


async def permits_are_handed_out_in_the_order_of_arrival():
    semaphore = asyncio.Semaphore(0)

    async def child(n):
        await semaphore.acquire()
        say("got", n)

    tasks = [asyncio.create_task(child(n)) for n in range(3)]
    await asyncio.sleep(0)
    for _ in range(3):
        semaphore.release()
    await asyncio.gather(*tasks)


# ---- Barrier


async def a_barrier_lets_them_through_together():
    barrier = asyncio.Barrier(3)
    places = []

    async def child(n):
        say("comes", n)
        places.append(await barrier.wait())

    await asyncio.gather(*[asyncio.create_task(child(n)) for n in range(3)])
    say(sorted(places), barrier.n_waiting, barrier.parties, barrier.broken)


async def a_barrier_counts_who_waits():
    barrier = asyncio.Barrier(3)
    tasks = [asyncio.create_task(barrier.wait()) for _ in range(2)]
    await turns(2)
    say(barrier.n_waiting, barrier.parties)
    await barrier.wait()
    await asyncio.gather(*tasks)
    say(barrier.n_waiting)


async def a_barrier_of_one_does_not_wait():
    barrier = asyncio.Barrier(1)
    say(await barrier.wait(), await barrier.wait())


async def a_barrier_may_be_used_again():
    barrier = asyncio.Barrier(2)

    async def child(n):
        for round_ in range(2):
            await barrier.wait()
            if n == 0:
                say("round", round_)
            await turns(5)

    await asyncio.gather(*[asyncio.create_task(child(n)) for n in range(2)])


async def a_broken_barrier_throws_in_who_waits_and_who_comes():
    barrier = asyncio.Barrier(3)
    task = asyncio.create_task(barrier.wait())
    await turns(2)
    await barrier.abort()
    say(barrier.broken, await outcome(task), await outcome(barrier.wait()))


async def a_reset_throws_in_who_waits_and_mends_the_barrier():
    barrier = asyncio.Barrier(2)
    task = asyncio.create_task(barrier.wait())
    await turns(2)
    await barrier.reset()
    say(await outcome(task), barrier.broken)
    both = [asyncio.create_task(barrier.wait()) for _ in range(2)]
    say(sorted(await asyncio.gather(*both)))


async def a_cancelled_waiter_leaves_the_barrier():
    barrier = asyncio.Barrier(2)
    task = asyncio.create_task(barrier.wait())
    await turns(2)
    task.cancel()
    say(await outcome(task), barrier.n_waiting, barrier.broken)


async def a_barrier_of_nobody_is_a_value_error():
    say(outcome_of_call(asyncio.Barrier, 0))

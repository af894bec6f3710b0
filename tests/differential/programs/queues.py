# SPDX-License-Identifier: MIT
"""Queue, PriorityQueue, LifoQueue."""
import asyncio

from programs import outcome, outcome_of_call, say, since, turns


async def items_come_out_in_the_order_in_which_they_went_in():
    queue = asyncio.Queue()
    for n in range(3):
        queue.put_nowait(n)
    say([await queue.get() for _ in range(3)], queue.empty())


async def a_get_of_an_empty_queue_without_waiting_throws():
    say(outcome_of_call(asyncio.Queue().get_nowait))


async def a_put_into_a_full_queue_without_waiting_throws():
    queue = asyncio.Queue(1)
    queue.put_nowait(1)
    say(outcome_of_call(queue.put_nowait, 2), queue.full(), queue.qsize(), queue.maxsize)


async def a_queue_without_bound_is_never_full():
    queue = asyncio.Queue()
    for n in range(100):
        queue.put_nowait(n)
    say(queue.full(), queue.qsize())


async def a_put_waits_for_room():
    queue = asyncio.Queue(1)

    async def puts():
        for n in range(3):
            await queue.put(n)
            say("put", n)

    task = asyncio.create_task(puts())
    await turns(2)
    for _ in range(3):
        say("got", await queue.get())
    await task


async def a_get_waits_for_an_item():
    queue = asyncio.Queue()
    task = asyncio.create_task(queue.get())
    await turns(2)
    say(task.done())
    queue.put_nowait("item")
    say(await task)


async def items_go_to_who_has_waited_longest():
    queue = asyncio.Queue()

    async def gets(n):
        say(n, await queue.get())

    tasks = [asyncio.create_task(gets(n)) for n in range(3)]
    await asyncio.sleep(0)
    for item in "abc":
        queue.put_nowait(item)
    await asyncio.gather(*tasks)


async def a_cancelled_getter_takes_nothing():
    queue = asyncio.Queue()
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    first.cancel()
    queue.put_nowait("item")
    say(await outcome(first), await outcome(second), queue.qsize())


async def a_cancelled_put_adds_nothing():
    queue = asyncio.Queue(1)
    queue.put_nowait("first")
    task = asyncio.create_task(queue.put("second"))
    await asyncio.sleep(0)
    task.cancel()
    say(await outcome(task), queue.get_nowait(), queue.qsize())


async def join_waits_until_all_items_are_done():
    queue = asyncio.Queue()
    for n in range(2):
        queue.put_nowait(n)

    async def joins():
        await queue.join()
        say("joined")

    task = asyncio.create_task(joins())
    for n in range(2):
        await turns(2)
        await queue.get()
        say("done", n)
        queue.task_done()
    await task


async def join_of_an_unused_queue_does_not_wait():
    await asyncio.Queue().join()
    say("joined")


async def a_task_done_too_many_is_a_value_error():
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.get_nowait()
    queue.task_done()
    say(outcome_of_call(queue.task_done))


async def a_get_does_not_make_an_item_done():
    queue = asyncio.Queue()
    queue.put_nowait(1)
    await queue.get()
    task = asyncio.create_task(queue.join())
    await turns(2)
    say(task.done())
    queue.task_done()
    await task
    say(task.done())


async def a_priority_queue_gives_the_smallest():
    queue = asyncio.PriorityQueue()
    for n in (3, 1, 2):
        queue.put_nowait(n)
    say([await queue.get() for _ in range(3)])


async def a_lifo_queue_gives_the_youngest():
    queue = asyncio.LifoQueue()
    for n in (3, 1, 2):
        queue.put_nowait(n)
    say([await queue.get() for _ in range(3)])


async def a_bounded_lifo_queue_waits_for_room_too():
    queue = asyncio.LifoQueue(2)
    for n in range(2):
        queue.put_nowait(n)
    task = asyncio.create_task(queue.put(2))
    await asyncio.sleep(0)
    say(await queue.get())
    await task
    say(await queue.get(), await queue.get())


async def workers_share_the_items_of_a_queue():
    queue = asyncio.Queue()

    async def works(name):
        while True:
            item = await queue.get()
            say(name, item)
            await asyncio.sleep(0)
            queue.task_done()

    workers = [asyncio.create_task(works(name)) for name in "xy"]
    for n in range(5):
        queue.put_nowait(n)
    await queue.join()
    for worker in workers:
        worker.cancel()
    say([await outcome(worker) for worker in workers])


@since((3, 13), """
    queue shut down
    queue shut down
    1
    queue shut down
    """)
async def a_queue_that_is_shut_down_gives_what_it_has_and_takes_nothing():
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.shutdown()
    say(outcome_of_call(queue.put_nowait, 2))
    say(await outcome(queue.put(2)))
    say(await outcome(queue.get()))
    say(await outcome(queue.get()))


@since((3, 13), """
    queue shut down
    queue shut down
    """)
async def a_shutdown_wakes_who_waits():
    empty, full = asyncio.Queue(), asyncio.Queue(1)
    full.put_nowait(1)
    gets, puts = asyncio.create_task(empty.get()), asyncio.create_task(full.put(2))
    await turns(2)
    empty.shutdown()
    full.shutdown()
    say(await outcome(gets))
    say(await outcome(puts))


@since((3, 13), """
    0 queue shut down
    joined
    """)
async def an_immediate_shutdown_drops_the_items_and_ends_join():
    queue = asyncio.Queue()
    queue.put_nowait(1)

    async def joins():
        await queue.join()
        say("joined")

    task = asyncio.create_task(joins())
    await turns(2)
    queue.shutdown(immediate=True)
    say(queue.qsize(), outcome_of_call(queue.get_nowait))
    await task


@since((3, 13), """
    queue shut down
    queue shut down
    """)
async def a_second_shutdown_changes_nothing():
    queue = asyncio.Queue()
    queue.shutdown()
    queue.shutdown()
    say(outcome_of_call(queue.get_nowait))
    say(outcome_of_call(queue.put_nowait, 1))

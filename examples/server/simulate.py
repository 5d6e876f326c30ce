#!/usr/bin/env python3
"""Simulates a queue of pictures: how many workers a given number of users need, and what runs out first.

    python3 examples/server/simulate.py                        # 10,000 users an hour
    python3 examples/server/simulate.py --users 500 --workers 3

Users arrive at random (a Poisson process) and ask for pictures in a mix of qualities. Each worker draws one picture at a time, in
the order of the queue. The times are those of the README, for workers with two CPU cores; set your own with --seconds. The
statements are counted in the source code of the queue, and the sizes are those of pictures with default settings. The script
measures nothing: it says what to expect, and what to measure first.
"""

import argparse
import heapq
import math
import random
import sys

QUALITIES = ["draft", "normal", "better", "best"]
# Seconds per picture, on two CPU cores (README.md, "Larger and better pictures").
SECONDS = [2.0, 7.0, 15.0, 34.0]
# The share of pictures with each quality.
MIX = [0.25, 0.6, 0.1, 0.05]
# Bytes of the PNG, and of a checkpoint: "a penguin in the snow" with text2art 1.0; better has normal's size, best 2.25 times
# its pixels.
PICTURE = [45_000, 120_000, 120_000, 270_000]
CHECKPOINT = [76_000, 297_000, 297_000, 668_000]

# Statements of PostgreSQL, with BEGIN and COMMIT, of the parts of a job's life, for a user in a browser:
SUBMIT = 23  # the visitor (1), the job (4, src/queue/enqueue.rs), its page (10) and its stream (8), each with its place (6)
CLAIM = 7  # src/queue/claims.rs: a look for a job (1), the claim (5), the checkpoint of an earlier claim (1)
FINISH = 7  # src/queue/claims.rs: the result, one file, the end of the attempt
FETCH = 16  # the end of the stream (3), the page (5), the picture (3), the new thumbnail (5)
BEAT = 2.0  # a second of drawing: a beat every half second (src/worker/beats.rs)
CHECKPOINTING = 0.4  # a second of drawing: four statements every ten seconds (src/worker/setup.rs)
IDLE = 1.07  # a second of a slot without a job: a look for one, and an announcement every 15 s
WOKEN = 2.0  # a picture, for each slot without a job: a look when it is requested, and when it is done
# A watched job is looked up once a second, and after each change (src/server/watch.rs):
WATCH_RUNNING = 6.0  # a second: three times a job and its pace
WATCH_WAITING = 7.0  # a second: a job and its place
# Bytes of rows and indexes that a job leaves: settings, recipe, attempt, files.
ROWS = 12_000
# Seconds that a client waits for a statement: a database in the same rack.
STATEMENT = 0.0007
# The thumbnail and the pages, in bytes.
PAGE = 60_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--users", type=float, default=10_000, metavar="N", help="users an hour (10000)")
    parser.add_argument("--pictures", type=float, default=1.0, metavar="N", help="pictures of each user, at least 1 (1)")
    parser.add_argument("--seconds", type=numbers, default=SECONDS, metavar="D,N,B,B", help="seconds for a picture of each quality (2,7,15,34)")
    parser.add_argument("--mix", type=numbers, default=MIX, metavar="D,N,B,B", help="shares of the qualities (0.25,0.6,0.1,0.05)")
    parser.add_argument("--spread", type=float, default=0.15, metavar="S", help="standard deviation of a time, as a share of the time (0.15)")
    parser.add_argument("--patience", type=float, default=30, metavar="S", help="95 of 100 pictures start within S seconds (30)")
    parser.add_argument("--workers", type=int, metavar="N", help="simulate this many workers, not as many as are needed")
    parser.add_argument("--servers", type=int, default=2, metavar="N", help="servers that share the visitors (2)")
    parser.add_argument("--cores", type=int, default=2, metavar="N", help="CPU cores of a worker (2)")
    parser.add_argument("--statements", type=float, default=5000, metavar="N", help="statements per second that the database can do (5000)")
    parser.add_argument("--network", type=float, default=1000, metavar="MBIT", help="Mbit per second of each server (1000)")
    parser.add_argument("--days", type=float, default=90, metavar="N", help="days that jobs are kept (90)")
    parser.add_argument("--hours", type=float, default=3, metavar="N", help="hours to simulate, after a 15-minute warm-up (3)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the random numbers (1)")
    found = parser.parse_args()
    numbers_given = [found.users, found.patience, found.hours, found.statements, found.network, found.days, *found.seconds]
    if not all(map(math.isfinite, [*numbers_given, *found.mix, found.pictures, found.spread])):
        parser.error("numbers must be finite")
    if min(numbers_given) <= 0 or min(found.servers, found.cores) < 1 or found.pictures < 1 or sum(found.mix) <= 0:
        parser.error("numbers must be above 0")
    if min(found.mix) < 0 or found.spread < 0 or (found.workers is not None and found.workers < 1):
        parser.error("numbers must not be below 0")
    if found.users * found.pictures * found.hours > 5_000_000:
        parser.error("that is more than five million pictures; lower --hours")
    return found


def numbers(text):
    values = [float(part) for part in text.split(",")]
    if len(values) != len(QUALITIES):
        raise argparse.ArgumentTypeError(f"give {len(QUALITIES)} numbers: {', '.join(QUALITIES)}")
    return values


def jobs_of(given):
    """When each picture is asked for, and how long it takes, both in seconds, with its quality."""
    chance = random.Random(given.seed)
    end, now, jobs = (given.hours + 0.25) * 3600, 0.0, []
    while True:
        now += chance.expovariate(given.users / 3600)
        if now >= end:
            return jobs
        count = int(given.pictures) + (chance.random() < given.pictures % 1)
        for _ in range(count):
            quality = chance.choices(range(len(QUALITIES)), given.mix)[0]
            factor = max(0.3, chance.gauss(1.0, given.spread))
            jobs.append((now, given.seconds[quality] * factor, quality))


def waits_of(jobs, workers):
    """How long each job waits for a worker, in seconds."""
    free = [0.0] * workers
    waits = []
    for asked, takes, _ in jobs:
        begins = max(asked, free[0])
        heapq.heapreplace(free, begins + takes)
        waits.append(begins - asked)
    return waits


def share(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def counted(jobs, waits):
    """The waits after the first quarter of an hour, in which the queue fills."""
    return [wait for (asked, _, _), wait in zip(jobs, waits) if asked >= 900] or [0.0]


def enough(given, jobs):
    """The smallest number of workers with which few pictures wait long."""
    load = sum(takes for _, takes, _ in jobs) / ((given.hours + 0.25) * 3600)
    workers = max(1, int(load) + 1)
    while share(counted(jobs, waits_of(jobs, workers)), 0.95) > given.patience:
        workers += 1
    return workers


def main():
    given = arguments()
    jobs = jobs_of(given)
    if not jobs:
        sys.exit("nobody came: raise --users or --hours")
    workers = given.workers or enough(given, jobs)
    waits = counted(jobs, waits_of(jobs, workers))
    seconds = (given.hours + 0.25) * 3600
    rate = len(jobs) / seconds
    takes = sum(takes for _, takes, _ in jobs) / len(jobs)
    busy = min(rate * takes, workers)
    wait = sum(waits) / len(waits)
    mean = lambda sizes: sum(sizes[quality] for _, _, quality in jobs) / len(jobs)

    print(f"{given.users:,.0f} users an hour, {rate * 3600:,.0f} pictures, {takes:.1f} s each on {given.cores} cores")
    print()
    print(f"workers                {workers:10,}   {workers * given.cores:,} cores, {busy / workers:.0%} busy")
    print(f"wait, mean             {wait:10.1f} s")
    print(f"wait, 95 of 100 below  {share(waits, 0.95):10.1f} s")
    print(f"wait, longest          {max(waits):10.1f} s")
    print(f"jobs that wait, mean   {rate * wait:10.1f}")
    print()

    waiting, watched = rate * wait, rate * (wait + takes)
    parts = {
        "asking for pictures": rate * SUBMIT,
        "workers: claims, results": rate * (CLAIM + FINISH),
        "workers: beats": busy * (BEAT + CHECKPOINTING),
        "workers without a job": (workers - busy) * (IDLE + rate * WOKEN),
        "streams of running jobs": busy * WATCH_RUNNING,
        "streams of waiting jobs": waiting * WATCH_WAITING,
        "pages and pictures": rate * FETCH,
    }
    statements = sum(parts.values())
    print(f"statements a second    {statements:10,.0f}")
    for name, count in sorted(parts.items(), key=lambda part: -part[1]):
        print(f"  {name:26} {count:6,.0f}")
    print()

    picture, day = mean(PICTURE), rate * 86_400
    written = rate * picture + busy / 10 * mean(CHECKPOINT)
    print(f"pictures a day         {day:10,.0f}")
    print(f"storage, a day         {day * picture / 1e9:10.1f} GB")
    print(f"storage, {given.days:3.0f} days      {day * picture * given.days / 1e12:10.2f} TB")
    print(f"database, {given.days:3.0f} days     {day * ROWS * given.days / 1e9:10,.0f} GB")
    print(f"written to storage     {written * 8 / 1e6:10.1f} Mbit/s, checkpoints included")
    print()

    # A server sends the queries for its streams one after the other.
    looking = (busy * WATCH_RUNNING + waiting * WATCH_WAITING) / given.servers * STATEMENT
    sent = rate * (picture + PAGE) * 8 / 1e6 / given.servers
    advice = {
        "workers": (busy / workers, "start more workers; text2art:slots:wanted of prometheus-rules.yml says how many"),
        "database": (statements / given.statements, "give PostgreSQL more cores and a faster disk, and raise ROUND of src/server/watch.rs, so that streams ask less often"),
        "streams of a server": (watched / given.servers / 1000, "start more servers, each of which has 1000 streams"),
        "questions of a server": (looking, "start more servers: each asks one question at a time for the streams of its visitors"),
        "network of a server": (sent / given.network, "let the storage deliver files itself: --storage-presign"),
    }
    print("what is used of what there is")
    order = sorted(advice.items(), key=lambda part: -part[1][0])
    for name, (used, _) in order:
        print(f"  {name:24} {used:7.1%}")
    print()
    for place, (name, (used, what)) in enumerate(order[:3], 1):
        full = given.users / used if used else float("inf")
        print(f"{place}. {name}: full at {full:,.0f} users an hour. Then {what}.")


if __name__ == "__main__":
    main()

import { Injectable } from '@nestjs/common';
import { Clock, type ClockTimer } from '../common/clock.js';
import { OwnLogger } from '../common/own-logger.js';
import { outside } from '../common/outside.js';
import { settlesWithin } from '../common/promises.js';
import { NotStartedError } from '../errors/store-errors.js';
import { JobCancelledError, JobFailedError, JobSkippedError, WaitTimeoutError } from '../errors/outcome-errors.js';
import { ExecutionUnknownError } from '../errors/unknown-name-errors.js';
import { readEndText } from './end-text.js';
import { reviveError } from './revive-error.js';
import type { StoredExecution } from '../store/ports/execution-record.js';
import { decodeJobId } from '../store/names.js';
import type { PastEnd } from '../store/ports/past-end.js';
import type { EngineEvents, Store } from '../store/ports/ports.js';
import { guardStore, storeFault } from '../store/store-guard.js';
import { StoreHolder } from '../store/store-holder.js';
import type { Enqueued } from './enqueued.js';
import { ExecutionFinder, type FoundExecution } from './execution-finder.js';
import { PastEnds } from './past-ends.js';
import { SlotWaits } from './slot-waits.js';

/** An event tells of each end. It can be trimmed before it is read: a waiter also looks for itself, this often, in milliseconds. */
const LOOK_AGAIN = 5_000;
/** BullMQ says that it listens before its first read has reached the store: who comes this soon looks again then, in milliseconds. */
const STARTING = 250;
/** The record comes before the queue is told, which then frees the key of a unique job: a waiter looks again, for so long at most, in milliseconds. */
const TOLD_LOOK = 50;
const TOLD_LAG = 1_000;
/** Between the moment when an execution leaves its queue and the one when its record can be read, in milliseconds. */
const RECORD_LAG = 1_000;
/** What the store gets to answer in, however short the caller's own time is, in milliseconds. */
const LEAST_ANSWER = 250;

const logger = new OwnLogger();

/** The events of one queue: all waits for its executions share them. */
interface Listening {
  readonly events: EngineEvents;
  readonly ready: Promise<void>;
}

interface Next {
  readonly promise: Promise<PastEnd | undefined>;
  /** Undefined after `longest` milliseconds without one. */
  within(longest: number): Promise<PastEnd | undefined>;
  cancel(): void;
}

/** Lets callers wait for the end of an execution, wherever it runs. */
@Injectable()
export class FinishWatcher {
  private readonly listening = new Map<string, Listening>();
  private readonly waiting = new Map<string, Set<(event?: PastEnd) => void>>();
  private readonly listensSince = new Map<string, number>();
  private readonly past: PastEnds;
  /** Milliseconds. A test that is to see an event come sets it to a day. */
  longestPause = LOOK_AGAIN;
  private closed = false;

  constructor(
    private readonly holder: StoreHolder,
    private readonly finder: ExecutionFinder,
    private readonly clock: Clock,
    private readonly slotWaits: SlotWaits,
  ) {
    this.past = new PastEnds(holder);
  }

  /** @param timeout milliseconds; Infinity: for ever. */
  async finished(execution: Enqueued, timeout: number): Promise<unknown> {
    const store = this.holder.require('wait for an execution');
    const unstarted: { over?: (() => void) | undefined } = {};
    try {
      return await this.untilEnd(execution, timeout, (hasStarted) => {
        if (hasStarted) unstarted.over?.();
        else unstarted.over ??= this.slotWaits.begin();
      });
    } catch (thrown) {
      throw storeFault(store, thrown);
    } finally {
      unstarted.over?.();
    }
  }

  /** @param onLook told at each look whether the execution has started. */
  private async untilEnd(
    execution: Enqueued,
    timeout: number,
    onLook: (hasStarted: boolean) => void,
  ): Promise<unknown> {
    const { id, job } = execution;
    const until = this.clock.now() + timeout;
    const inTime = async <T>(work: Promise<T>): Promise<T> => {
      if (
        until === Infinity ||
        (await settlesWithin(work, this.clock, Math.max(LEAST_ANSWER, until - this.clock.now())))
      )
        return work;
      throw new WaitTimeoutError(id, job, timeout);
    };
    await inTime(this.listen(execution.queue));
    let isStarting = this.clock.now() - (this.listensSince.get(execution.queue) ?? 0) < STARTING;
    let event: PastEnd | undefined;
    let missedAt: number | undefined;
    let endedAt: number | undefined;
    for (;;) {
      const woken = this.next(id);
      try {
        // The record may be pruned already, where many executions of a job end at once.
        if (event?.returnvalue !== undefined && event.returnvalue !== null) return event.returnvalue;
        const found = unlessLeft(await inTime(this.finder.findIn(execution.queue, id)));
        if (found) onLook(found.inQueue?.processedOn !== undefined || found.record !== undefined);
        if (!event && found && (await isInQueueStill(found))) {
          endedAt ??= this.clock.now();
          if (this.clock.now() - endedAt < TOLD_LAG) {
            event = (await settlesWithin(woken.promise, this.clock, TOLD_LOOK)) ? await woken.promise : undefined;
            continue;
          }
        }
        // Nothing is left of it but what the events of its queue still tell.
        if (!found && !event) event = await inTime(this.past.find(execution.queue, id));
        const ended = await this.judge(execution, found, event);
        if (ended) return ended.result;
        if (found) missedAt = undefined;
        else if (missedAt === undefined) missedAt = this.clock.now();
        else if (this.clock.now() - missedAt >= RECORD_LAG) throw new ExecutionUnknownError(id);
        const pause = missedAt !== undefined ? RECORD_LAG : isStarting ? STARTING : this.longestPause;
        isStarting = false;
        event = await woken.within(Math.min(pause, until - this.clock.now()));
      } finally {
        woken.cancel();
      }
      if (this.closed) throw new NotStartedError(`wait for execution "${id}"`, 'stopped');
      if (!event && this.clock.now() >= until) throw new WaitTimeoutError(id, job, timeout);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const wakers of this.waiting.values()) for (const wake of wakers) wake();
    const open = [...this.listening.values()];
    this.listening.clear();
    await Promise.allSettled(open.map(({ events }) => events.close()));
  }

  /** Gives the result of an execution that has ended well, throws for one that has not, and gives nothing while it goes on. */
  private async judge(
    { id, job }: Enqueued,
    found: FoundExecution | undefined,
    event: PastEnd | undefined,
  ): Promise<{ result: unknown } | undefined> {
    if (found?.record?.final) return settle(id, job, found.record);
    if (event?.failedReason !== undefined) throw endOf(id, job, event.failedReason);
    if (event) return { result: event.returnvalue };
    if (found?.inQueue && (await found.inQueue.isFailed())) {
      // It may have failed since it was looked up: what was read of it then says nothing of its end.
      const now = await this.finder.find(id);
      if (now?.record?.final) return settle(id, job, now.record);
      throw new JobFailedError(id, job, new Error((now?.inQueue ?? found.inQueue).failedReason));
    }
    return undefined;
  }

  /** What the next event says of an execution, from now on. */
  private next(id: string): Next {
    let timer: ClockTimer | undefined;
    let wake: (event?: PastEnd) => void = () => undefined;
    const promise = new Promise<PastEnd | undefined>((resolve) => (wake = resolve));
    const wakers = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, wakers.add(wake));
    return {
      promise,
      within: (longest) => {
        timer = this.clock.after(longest, () => wake());
        return promise;
      },
      cancel: () => {
        timer?.cancel();
        wakers.delete(wake);
        if (wakers.size === 0) this.waiting.delete(id);
      },
    };
  }

  /** Rejects when the store is away for long; what was begun goes on, for the next who waits. */
  private async listen(queue: string): Promise<void> {
    const store = this.holder.require('wait for an execution');
    const { ready } = this.listening.get(queue) ?? outside(() => this.open(store, queue));
    await guardStore(store, () => ready);
  }

  private open(store: Store, queue: string): Listening {
    const events = store.queues.events(queue);
    events.on('error', (error) => logger.debug(error.message));
    events.on('completed', ({ jobId, returnvalue }) => this.wake(queue, jobId, { returnvalue }));
    events.on('failed', ({ jobId, failedReason }) => this.wake(queue, jobId, { failedReason }));
    events.on('removed', ({ jobId }) => this.wake(queue, jobId));
    const listening = { events, ready: this.untilReady(queue, events) };
    this.listening.set(queue, listening);
    return listening;
  }

  private async untilReady(queue: string, events: EngineEvents): Promise<void> {
    try {
      await events.waitUntilReady();
      this.listensSince.set(queue, this.clock.now());
    } catch (error) {
      this.listening.delete(queue);
      // It would go on to connect by itself, and never be closed.
      await events.close().catch(() => undefined);
      throw error;
    }
  }

  private wake(queue: string, jobId: string, event?: PastEnd): void {
    for (const wake of this.waiting.get(decodeJobId(jobId, queue)) ?? []) wake(event);
  }
}

/** Of an execution that left no record. */
function endOf(id: string, job: string, text: string): Error {
  const unfailed = readEndText(text);
  if (!unfailed) return new JobFailedError(id, job, new Error(text));
  const { end, reason } = unfailed;
  return end === 'skipped' ? new JobSkippedError(id, job, reason) : new JobCancelledError(id, job, reason);
}

/** A record by which it goes on, of a job that was taken out of its queue by BullMQ's own means, says nothing of an end. */
function unlessLeft(found: FoundExecution | undefined): FoundExecution | undefined {
  return found?.inQueue || found?.record?.final ? found : undefined;
}

/** It has ended by its record, and its queue has not been told of it yet. */
async function isInQueueStill({ record, inQueue }: FoundExecution): Promise<boolean> {
  return record?.final !== undefined && inQueue !== undefined && !(await inQueue.isFailed());
}

function settle(id: string, job: string, record: StoredExecution): { result: unknown } {
  const head = record.head;
  switch (record.final) {
    case 'failed':
      throw new JobFailedError(id, job, reviveError(head?.error));
    case 'cancelled':
      throw new JobCancelledError(id, job, head?.reason ?? 'cancelled');
    case 'skipped':
      throw new JobSkippedError(id, job, head?.reason ?? 'skipped');
    default:
      return { result: head?.result };
  }
}

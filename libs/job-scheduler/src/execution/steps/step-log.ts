import type { Telemetry } from 'bullmq';
import type { Clock } from '../../common/clock.js';
import { copyOfJson, toStorableJson } from '../../common/json.js';
import { toErrorRecord } from '../../common/describe-error.js';
import { inspectShort } from '../../common/inspect-short.js';
import { isName, NAME_RULE } from '../../discovery/option-shapes.js';
import { JobDefinitionError } from '../../errors/definition-errors.js';
import { JobLockLostError } from '../../errors/outcome-errors.js';
import { ResultInvalidError } from '../../errors/payload-errors.js';
import { StepRepeatedError, StepUnknownError } from '../../errors/unknown-name-errors.js';
import type { StepRecord, UnfinishedStep } from '../../store/ports/execution-record.js';
import type { ExecutionStore } from '../../store/ports/ports.js';
import { isStoreFault } from '../../store/store-away.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import type { AttemptSignal } from '../attempt-signal.js';
import type { JobEvents } from '../../events/job-events.js';
import { emitStep } from '../outcome/attempt-events.js';
import { tracedStep } from '../tracing.js';

/** Between two tries to store a step while the store is away. */
const STORE_RETRY_DELAY = 1_000;
/** Errors that are not the store's, before one is the step's: a driver may throw an odd one as it loses its connection. */
const OTHERS_BORNE = 60;
/** Steps that were begun, in the record of an attempt: a handler may begin any number at once. */
const MOST_UNFINISHED = 100;

/** What steps need of the process. */
export interface StepServices {
  readonly executions: ExecutionStore;
  readonly clock: Clock;
  /** Absent: no event is ever wanted. */
  readonly events?: JobEvents;
  /** Absent: nothing is traced. */
  readonly telemetry?: Telemetry | undefined;
}

/** The finished steps of one execution, as one attempt sees and adds to them. */
export class StepLog {
  /** Whether a step was stored by itself. */
  hasStored = false;

  private readonly finished: Map<string, StepRecord>;
  private readonly usedNow = new Set<string>();
  /** Begun in this attempt, and not succeeded since. */
  private readonly begun = new Map<string, UnfinishedStep>();

  constructor(
    private readonly started: QueuedExecution,
    private readonly services: StepServices,
    private readonly attemptSignal: AttemptSignal,
    /** Throws once the attempt is over: nothing is run or stored then. */
    private readonly ensureGoing: () => void,
    recorded: readonly StepRecord[],
  ) {
    this.finished = new Map(recorded.map((step) => [step.name, step]));
  }

  /** @throws StepUnknownError */
  result(name: string): unknown {
    const step = this.finished.get(name);
    if (!step) throw new StepUnknownError(name, [...this.finished.keys()]);
    return copyOfJson(step.result);
  }

  /** All that are recorded. */
  get recorded(): readonly StepRecord[] {
    return [...this.finished.values()];
  }

  /** The first of those that were begun and have not succeeded, as they stand in the attempt's record. */
  get unfinished(): readonly UnfinishedStep[] {
    return [...this.begun.values()].slice(0, MOST_UNFINISHED);
  }

  /**
   * Gives a finished step's result, or runs `work` and stores what it gives.
   * @param deferred the last step of a job: its record goes with the execution's own, instead of a write of its own.
   */
  async run(name: string, work: () => unknown, deferred?: (step: StepRecord) => void): Promise<unknown> {
    this.ensureGoing();
    if (!isName(name)) {
      throw new JobDefinitionError([
        { at: 'ctx.step', problem: `${inspectShort(name)} is not a step's name. ${NAME_RULE}` },
      ]);
    }
    if (this.usedNow.has(name)) throw new StepRepeatedError(name);
    this.usedNow.add(name);
    const known = this.finished.get(name);
    if (known) return copyOfJson(known.result);

    const { clock, events, telemetry } = this.services;
    const startedAt = clock.now();
    this.begun.set(name, { name, startedAt });
    let step: StepRecord;
    try {
      step = this.toRecord(name, startedAt, await (telemetry ? tracedStep(telemetry, name, work) : work()));
    } catch (error) {
      // A step that failed may be tried again in this attempt.
      this.usedNow.delete(name);
      // The whole stack stands in the attempt, if it ends by this.
      const { stack: _, ...kept } = toErrorRecord(error);
      this.begun.set(name, { name, startedAt, error: kept });
      throw error;
    }
    if (deferred) deferred(step);
    else {
      await this.store(step);
      if (events?.wanted) emitStep(events, this.started, step);
    }
    this.begun.delete(name);
    this.finished.set(name, step);
    return copyOfJson(step.result);
  }

  private toRecord(name: string, startedAt: number, value: unknown): StepRecord {
    const stored = toStorableJson(value);
    if (!stored.ok) throw new ResultInvalidError(`step "${name}"`, stored.problem);
    const times = { name, startedAt, finishedAt: this.services.clock.now() };
    // What a resumed run will be given, this run gets too: the value as JSON gives it back.
    return stored.json === undefined ? times : { ...times, result: JSON.parse(stored.json) as unknown };
  }

  /**
   * A store that is away is no error of the job: the same record is tried again until the attempt is over. What it will never
   * take is one.
   */
  private async store(step: StepRecord): Promise<void> {
    const { id, job, queue, fence } = this.started;
    for (let others = 0; ;) {
      this.ensureGoing();
      let stored: boolean;
      try {
        stored = await this.services.executions.recordStep(id, job, queue, fence, step);
      } catch (error) {
        if (!isStoreFault(error) && ++others >= OTHERS_BORNE) throw error;
        await this.services.clock.sleep(STORE_RETRY_DELAY, this.attemptSignal.signal);
        continue;
      }
      if (!stored) throw new JobLockLostError(id);
      this.hasStored = true;
      return;
    }
  }
}

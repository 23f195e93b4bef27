import type { Clock } from '../../common/clock.js';
import type { JobLogLevel } from '../../definition/job-log-line.js';
import type { RetentionPolicy } from '../../definition/job-definition.js';
import type { FinalStatus } from '../../definition/job-status.js';
import { toStorableJson } from '../../common/json.js';
import { cutText, toStorableText } from '../../common/storable-text.js';
import { inspectShort } from '../../common/inspect-short.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { KEPT_LONGER } from '../../store/ports/log-store.js';
import type { LineTaker } from '../job-scope.js';
import type { LineSource, LogWriter } from './log-writer.js';

/** Longest line, in characters: of its text, what is beyond is cut; data that does not fit is left out. */
const LONGEST_LINE = 16_384;

export interface LogServices {
  readonly clock: Clock;
  /** Absent: lines are kept nowhere. */
  readonly logs?: LogWriter | undefined;
  /** `false`: nothing is kept of executions that have ended. */
  readonly history: boolean;
}

/** The log lines of one attempt, in order. What cannot be stored is dropped. */
export class LogLines implements LineTaker {
  /** The writer's number of the last line; undefined before the first. */
  private last: number | undefined;
  /** Steps written inline that run now. */
  private readonly open: string[] = [];

  private readonly source: LineSource;
  /** `false`: nothing is kept of this execution when it has ended. */
  private readonly isKept: boolean;

  constructor(
    private readonly services: LogServices,
    started: QueuedExecution,
    { count, age }: RetentionPolicy,
    private readonly hasEnded: () => boolean,
  ) {
    this.source = { started, keep: age + KEPT_LONGER };
    this.isKept = services.history && count > 0;
  }

  /**
   * Adds a line; the handler does not wait for it.
   * @param step default: the step written inline that runs, if it is the only one.
   */
  add(message: string, data?: object, level: JobLogLevel = 'log', step = this.onlyStep()): void {
    const { logs, clock } = this.services;
    if (!logs || this.isOver) return;
    const text = toStorableText(cutText(typeof message === 'string' ? message : inspectShort(message), LONGEST_LINE));
    const stored = data === undefined ? { ok: true as const, json: undefined } : toStorableJson(data);
    const size = text.length + (stored.ok ? (stored.json?.length ?? 0) : 0);
    const problem = stored.ok ? (size > LONGEST_LINE ? 'is too long' : undefined) : stored.problem;
    const line = {
      at: clock.now(),
      level,
      message: problem === undefined ? text : cutText(`${text} (data ${problem})`, LONGEST_LINE),
      // A copy: what the handler does to it afterwards is not in the log.
      ...(stored.ok && stored.json !== undefined && !problem && { data: JSON.parse(stored.json) as unknown }),
      ...(step !== undefined && { step }),
    };
    this.last = logs.line(this.source, line, size);
  }

  /** The same log for lines of one step. */
  ofStep(step: string): LineTaker {
    return { add: (message, data, level) => this.add(message, data, level, step) };
  }

  /** Runs a step that is written inline: its lines name it, unless others run beside it. */
  async during<T>(step: string, work: () => T | Promise<T>): Promise<T> {
    this.open.push(step);
    try {
      return await work();
    } finally {
      this.open.splice(this.open.indexOf(step), 1);
    }
  }

  /** Nothing of the attempt is said any more. */
  get isOver(): boolean {
    return this.hasEnded();
  }

  /** Undefined when all lines so far have been stored, dropped, or kept back. The promise never rejects. */
  flushed(): Promise<void> | undefined {
    return this.last === undefined ? undefined : this.services.logs?.whenStored(this.last);
  }

  /** Whether this execution may have lines, so that its end belongs among them. */
  get mayHaveLines(): boolean {
    return this.services.logs !== undefined && (this.last !== undefined || this.source.started.fence > 1);
  }

  /** The execution has ended, and the store knows. Never rejects. */
  async end(status: FinalStatus): Promise<void> {
    const { logs } = this.services;
    const { id } = this.source.started;
    if (!logs || (this.last === undefined && !(await logs.hasLines(id)))) return;
    await (this.isKept ? logs.end(this.source, status) : logs.drop(id));
  }

  private onlyStep(): string | undefined {
    return this.open.length === 1 ? this.open[0] : undefined;
  }
}

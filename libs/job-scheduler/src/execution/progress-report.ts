import type { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { copyOfJson } from '../common/json.js';
import { describeThrown } from '../common/describe-error.js';
import { floating } from '../common/promises.js';
import type { QueuedExecution } from '../store/codecs/queued-execution.js';
import type { JobEvents } from '../events/job-events.js';
import type { LogLines } from './logs/log-lines.js';
import type { JobReports } from './running-job.js';
import { emitProgress } from './outcome/attempt-events.js';

export interface ReportServices {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events?: JobEvents | undefined;
}

/** A progress as it was when it was reported. */
interface Reported {
  readonly value: number | object;
  readonly json: string | undefined;
  /** When the lines before it are stored: they come before it, for those who listen. */
  readonly logged: Promise<void> | undefined;
}

/**
 * Progress on its way to the store: one report at a time, and of those that come meanwhile the newest. A handler may report
 * as often as it likes, awaited or not.
 */
export class ProgressReport {
  private current: Promise<void> | undefined;
  private following: Promise<void> | undefined;
  private newest: Reported | undefined;
  private hasWarned = false;

  constructor(
    private readonly services: ReportServices,
    private readonly started: QueuedExecution,
    private readonly reports: JobReports,
  ) {}

  /**
   * Resolves when this report, or a newer one, was stored or dropped. Never rejects.
   * @param json of an object
   * @param lines what the attempt has logged so far
   */
  report(value: number | object, json: string | undefined, lines: Pick<LogLines, 'flushed'>): Promise<void> {
    this.newest = { value, json, logged: this.services.events?.wanted ? lines.flushed() : undefined };
    if (!this.current) return (this.current = this.send());
    return (this.following ??= this.current.then(() => {
      this.following = undefined;
      return (this.current = this.send());
    }));
  }

  /** Of a value that is no JSON. */
  refuse(refusal: Error): Promise<void> {
    this.warn(refusal);
    return floating(Promise.reject(refusal));
  }

  /** Undefined when nothing is on its way. The promise never rejects. */
  idle(): Promise<void> | undefined {
    return this.following ?? this.current;
  }

  private async send(): Promise<void> {
    const { value, json, logged } = this.newest!;
    this.newest = undefined;
    // As it was then: the caller may have changed it.
    const copy = copyOfJson(value, json) as number | object;
    const { events, clock } = this.services;
    try {
      await this.reports.progress(copy);
      await logged;
      if (events?.wanted) emitProgress(events, this.started, copy, clock.now());
    } catch (thrown) {
      // A report that the store refuses is no error of the job.
      this.warn(describeThrown(thrown));
    } finally {
      if (!this.following) this.current = undefined;
    }
  }

  /** Once: a handler need not await its reports. */
  private warn({ message }: Error): void {
    const { job, id } = this.started;
    if (!this.hasWarned) this.services.logger.warn(`Progress of a job was dropped: ${message}`, { job, id });
    this.hasWarned = true;
  }
}

import type { Logger } from '@nestjs/common';
import type { Clock } from '../definition/clock.js';
import { toStorableJson } from '../definition/json.js';
import type { JobReports } from './running-job.js';

/** Longest text of one line, in characters; what is beyond is cut. */
const LONGEST_LINE = 16_384;

/** What one attempt says of itself while it goes on: log lines in order, and progress. What cannot be stored is dropped. */
export class LogLines {
  private sent: Promise<void> | undefined;
  private warned = false;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly reports: JobReports,
    private readonly isOver: () => boolean,
  ) {}

  /** Adds a line; the handler does not wait for it. */
  add(message: string, data?: object): void {
    if (this.isOver()) return;
    const line = this.format(message, data);
    this.sent = (this.sent ?? Promise.resolve()).then(() => this.best(() => this.reports.log(line)));
  }

  async progress(value: number | object): Promise<void> {
    if (!this.isOver()) await this.best(() => this.reports.progress(value));
  }

  /** Resolves when all lines so far have been stored or dropped. */
  flushed(): Promise<void> | undefined {
    return this.sent;
  }

  private format(message: string, data: object | undefined): string {
    const stored = data === undefined ? undefined : toStorableJson(data);
    const suffix = stored === undefined ? '' : stored.ok ? ` ${stored.json ?? ''}` : ` (data ${stored.problem})`;
    return `${new Date(this.clock.now()).toISOString()} ${message}${suffix}`
      .replaceAll('\0', '')
      .slice(0, LONGEST_LINE);
  }

  /** A report that the store refuses is no error of the job. */
  private async best(report: () => Promise<void>): Promise<void> {
    try {
      await report();
    } catch (error) {
      if (this.warned) return;
      this.warned = true;
      this.logger.warn(
        `Log lines or progress of a job were dropped: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

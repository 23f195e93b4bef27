import { setTimeout as sleep } from 'node:timers/promises';
import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { Injectable } from '@nestjs/common';
import { ActivityLog, type Run } from '../activity/activity-log.js';
import { QueueSampler } from './queue-sampler.js';

const BAR = 30;
const REDRAWN_EVERY = 200;
const LINE_EVERY = 2_000;

/** Shows how far the queues are: a few lines that are redrawn on a terminal, else a line from time to time. */
@Injectable()
export class ProgressDisplay {
  private startedAt = 0;
  private readonly live = process.stdout.isTTY && process.env['CI'] === undefined;
  private drawnLines = 0;

  constructor(
    private readonly sampler: QueueSampler,
    private readonly activity: ActivityLog,
  ) {}

  /** Shows progress until the signal fires. */
  async show(signal: AbortSignal): Promise<void> {
    this.startedAt = Date.now();
    while (!signal.aborted) {
      if (this.live) this.redraw();
      else this.line();
      await sleep(this.live ? REDRAWN_EVERY : LINE_EVERY, undefined, { signal }).catch(() => undefined);
    }
    if (this.live) this.redraw();
  }

  private redraw(): void {
    const queues = this.queues();
    const width = Math.max(0, ...queues.map(({ name }) => name.length));
    const lines = queues.map(({ name, done, all, active }) => {
      const filled = Math.round((BAR * done) / Math.max(1, all));
      const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
      return `  ${name.padEnd(width)}  ${bar}  ${done} of ${all}${active > 0 ? `, ${active} running` : ''}`;
    });
    lines.push(`  ${this.summary()}`);
    cursorTo(process.stdout, 0);
    moveCursor(process.stdout, 0, -this.drawnLines);
    clearScreenDown(process.stdout);
    process.stdout.write(`${lines.join('\n')}\n`);
    this.drawnLines = lines.length;
  }

  private line(): void {
    const queues = this.queues().map(({ name, done, all }) => `${name} ${done}/${all}`);
    if (queues.length > 0) console.log(`  ${this.summary()}: ${queues.join(', ')}`);
  }

  /** As of the latest sample: what ended since then is still among its running and waiting. */
  private queues(): { name: string; done: number; all: number; active: number }[] {
    const { at, queues } = this.sampler.latest ?? { at: 0, queues: [] };
    const ended = this.activity.all().filter((run) => isOver(run) && run.startedAt + (run.durationMs ?? 0) <= at);
    return queues.map(({ name, counts }) => {
      const done = ended.filter(({ queue }) => queue === name).length;
      return { name, done, all: done + counts.pending + counts.active + counts.delayed, active: counts.active };
    });
  }

  private summary(): string {
    const runs = this.activity.all();
    const seconds = ((Date.now() - this.startedAt) / 1000).toFixed(1);
    const retries = runs.filter(({ attempt }) => attempt > 1).length;
    return `${seconds} s, ${runs.filter(isOver).length} jobs done, ${retries} retries`;
  }
}

function isOver({ durationMs, error }: Run): boolean {
  return durationMs !== undefined && error === undefined;
}

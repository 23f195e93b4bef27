import type { Telemetry } from 'bullmq';
import type { JobEvents } from '../events/job-events.js';
import type { ExecutionStore } from '../store/ports/ports.js';
import type { LogWriter } from './logs/log-writer.js';
import type { OutcomeServices } from './outcome/outcome-maker.js';
import type { OverlapGuards } from './overlap/overlap-guards.js';

/** What every attempt of a process works with. */
export interface AttemptServices extends OutcomeServices {
  readonly executions: ExecutionStore;
  /** Absent: nothing is traced. */
  readonly telemetry?: Telemetry | undefined;
  /** Absent: runs are never kept apart. */
  readonly admission?: OverlapGuards;
  /** Absent: no event is ever wanted. */
  readonly events?: JobEvents;
  /** Absent: log lines are kept nowhere. */
  readonly logs?: LogWriter;
}

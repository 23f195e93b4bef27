import { Gauge, type Registry } from 'prom-client';
import type { HealthReport } from '../service/job-health.js';
import type { QueueInfo } from '../queues/queue-info.js';

type Measure = (report: HealthReport, gauge: Gauge) => void;

/** A gauge of each queue, absent while the store does not answer: an old number would look like a true one. */
function perQueue(measure: (queue: QueueInfo, gauge: Gauge) => void): Measure {
  return ({ queues }, gauge) => {
    for (const queue of queues) measure(queue, gauge);
  };
}

const GAUGES: readonly { name: string; help: string; labelNames: string[]; measure: Measure }[] = [
  {
    name: 'up',
    help: 'Whether the job store answered this scrape (1) or not (0)',
    labelNames: [],
    measure: ({ store }, gauge) => gauge.set(store.reachable ? 1 : 0),
  },
  {
    name: 'jobs',
    help: 'Executions in a queue of the store, by state: pending, active, delayed or dead (failed for good and kept)',
    labelNames: ['queue', 'state'],
    measure: perQueue(({ name: queue, counts, deadLetters }, gauge) => {
      const { pending, active, delayed } = counts;
      for (const [state, count] of Object.entries({ pending, active, delayed, dead: deadLetters })) {
        gauge.set({ queue, state }, count);
      }
    }),
  },
  {
    name: 'oldest_pending_age_seconds',
    help: 'For how long the oldest pending execution of a queue has waited for a slot; 0 when none waits',
    labelNames: ['queue'],
    measure: perQueue(({ name: queue, oldestWaitingMs }, gauge) =>
      gauge.set({ queue }, (oldestWaitingMs ?? 0) / 1_000),
    ),
  },
  {
    name: 'queue_paused',
    help: 'Whether a queue is paused (1) or not (0)',
    labelNames: ['queue'],
    measure: perQueue(({ name: queue, paused }, gauge) => gauge.set({ queue }, paused ? 1 : 0)),
  },
  {
    name: 'workers',
    help: 'Processes that run jobs of the store',
    labelNames: [],
    measure: ({ store, worker }, gauge) => (store.reachable ? gauge.set(worker.fleet) : gauge.remove()),
  },
  {
    name: 'slots',
    help: 'Slots of this process for jobs',
    labelNames: [],
    measure: ({ worker }, gauge) => gauge.set(worker.concurrency),
  },
  {
    name: 'busy_slots',
    help: 'Slots of this process that run or fetch a job',
    labelNames: [],
    measure: ({ worker }, gauge) => gauge.set(worker.busy),
  },
];

/** What the store and this process are like at the moment of a scrape. */
export class StateGauges {
  readonly names: readonly string[];
  private readonly gauges: readonly { gauge: Gauge; measure: Measure }[];
  private looking: Promise<void> | undefined;

  /** @param look never rejects: a store that is away is part of the report. */
  constructor(
    registry: Registry,
    prefix: string,
    private readonly look: () => Promise<HealthReport>,
  ) {
    // A scrape asks all gauges at the same time: they share one look.
    const collect = () => (this.looking ??= this.refresh());
    this.gauges = GAUGES.map(({ name, help, labelNames, measure }) => ({
      gauge: new Gauge({ name: `${prefix}${name}`, help, labelNames, registers: [registry], collect }),
      measure,
    }));
    this.names = GAUGES.map(({ name }) => `${prefix}${name}`);
  }

  private async refresh(): Promise<void> {
    try {
      const report = await this.look();
      for (const { gauge, measure } of this.gauges) {
        gauge.reset();
        measure(report, gauge);
      }
    } finally {
      this.looking = undefined;
    }
  }
}

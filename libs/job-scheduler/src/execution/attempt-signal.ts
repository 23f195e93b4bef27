import type { JobSchedulerError } from '../errors/job-scheduler-error.js';

/** An attempt's abort signal. It is made at its first use: most handlers have none, and it costs as much as the rest. */
export class AttemptSignal {
  private controller: AbortController | undefined;
  private fired: JobSchedulerError | undefined;

  /** Why it has fired; undefined while it has not. */
  get reason(): JobSchedulerError | undefined {
    return this.fired;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.fired) this.controller.abort(this.fired);
    }
    return this.controller.signal;
  }

  /** The first reason stands. */
  fire(reason: JobSchedulerError): void {
    if (this.fired) return;
    this.fired = reason;
    this.controller?.abort(reason);
  }

  /** @throws the reason, once it has fired. */
  check(): void {
    if (this.fired) throw this.fired;
  }
}

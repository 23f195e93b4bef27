import { Injectable } from '@nestjs/common';

/** Whether a service refuses its `call`th call from now on: 1 is the next. */
export type Plan = (call: number) => boolean;

/** Outages of outside services, planned by the demo to show what jobs do about them. Without a plan all is well. */
@Injectable()
export class Outages {
  private readonly plans = new Map<string, { plan: Plan; calls: number }>();

  plan(service: string, plan: Plan): void {
    this.plans.set(service, { plan, calls: 0 });
  }

  /** Services ask this at each call. */
  check(service: string): void {
    const planned = this.plans.get(service);
    if (planned?.plan(++planned.calls)) throw new Error(`The ${service} does not answer`);
  }
}

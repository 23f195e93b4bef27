import { startChild, type TestChild } from '../support/child.js';
import type { AppPlan, Run } from './app.js';

/** An app in a process of its own; see `schedules.child.ts`. */
export function startAppChild(plan: AppPlan, env: Record<string, string> = {}): TestChild {
  return startChild('test/schedules/schedules.child.ts', { env: { ...env, PLAN: JSON.stringify(plan) } });
}

export function runsOf(children: readonly TestChild[]): Run[] {
  return children.flatMap(({ events }) => events.filter(({ event }) => event === 'ran') as unknown as Run[]);
}

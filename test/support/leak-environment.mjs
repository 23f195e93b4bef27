/**
 * Jest's environment for Node, plus a check: what keeps the process alive at the end of a spec file is what did at its
 * start. An environment and not a hook, because it comes after the file's own `afterAll` hooks.
 */
import { TestEnvironment } from 'jest-environment-node';
import { leakedSince, snapshot } from './leaks.mjs';

export default class LeakCheckingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.atStart = await snapshot();
  }

  async handleTestEvent(event, state) {
    if (event.name !== 'run_finish') return;
    const leaked = await leakedSince(this.atStart);
    if (leaked) state.unhandledErrors.push(Object.assign(new Error(leaked), { stack: leaked }));
  }
}

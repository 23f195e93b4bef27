/**
 * Jest's environment for Node, plus a check: what keeps the process alive at the end of a spec file is what did at its
 * start. An environment and not a hook, because it comes after the file's own `afterAll` hooks.
 * What a file prints (the library's log, mostly) is kept back, and shown where the file fails.
 */
import { TestEnvironment } from 'jest-environment-node';
import { holdOutput } from './hold-output.mjs';
import { leakedSince, snapshot } from './leaks.mjs';

export default class LeakCheckingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.atStart = await snapshot();
    this.output = holdOutput();
  }

  async handleTestEvent(event, state) {
    if (event.name === 'test_done' && event.test.errors.length > 0) this.failed = true;
    if (event.name !== 'run_finish') return;
    const leaked = await leakedSince(this.atStart);
    if (leaked) state.unhandledErrors.push(Object.assign(new Error(leaked), { stack: leaked }));
    if (state.unhandledErrors.length > 0) this.failed = true;
  }

  async teardown() {
    this.output?.release(this.failed);
    await super.teardown();
  }
}

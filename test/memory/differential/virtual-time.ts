import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<VirtualTime>();

/** A clock by hand. What runs under it finds it in `Date.now`; several can run beside each other. */
export class VirtualTime {
  constructor(private now: number) {}

  /** Until it is undone, `Date.now` reads the clock that its caller runs under, or else the process's own. */
  static install(): () => void {
    const real = Date.now;
    Date.now = () => current.getStore()?.now ?? real();
    return () => void (Date.now = real);
  }

  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  advance(ms: number): number {
    return (this.now += ms);
  }
}

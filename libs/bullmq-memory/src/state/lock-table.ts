import { endOf } from './clock.js';

interface Lock {
  token: string;
  until: number;
}

/** BullMQ's token for work without a lock. */
export const NO_LOCK = '0';

/** Who works on which job, and until when unless it is renewed. */
export class LockTable {
  private readonly locks = new Map<string, Lock>();

  take(id: string, token: string, now: number, duration: number): void {
    this.locks.set(id, { token, until: endOf(now, duration) });
  }

  extend(id: string, token: string, now: number, duration: number): boolean {
    const lock = this.find(id, now);
    if (lock?.token !== token) return false;
    lock.until = endOf(now, duration);
    return true;
  }

  /** `missing`: no worker has it. `mismatch`: another worker has it. Nothing changes then. */
  release(id: string, token: string, now: number): 'released' | 'missing' | 'mismatch' {
    const lock = this.find(id, now);
    if (!lock) return 'missing';
    if (lock.token !== token) return 'mismatch';
    this.locks.delete(id);
    return 'released';
  }

  has(id: string, now: number): boolean {
    return this.find(id, now) !== undefined;
  }

  delete(id: string): void {
    this.locks.delete(id);
  }

  private find(id: string, now: number): Lock | undefined {
    const lock = this.locks.get(id);
    if (!lock || lock.until > now) return lock;
    this.locks.delete(id);
    return undefined;
  }
}

import { FairShare, type ShareOrder } from './fair-share.js';

export interface SlotQueue {
  readonly name: string;
  readonly weight: number;
  /** The most slots that it takes. */
  readonly max: number;
}

/** One of the pool's slots, in use. */
export interface Slot {
  /** Whose job it runs or fetches; undefined while the end of its last job is stored. */
  queue: string | undefined;
}

interface QueueSlots {
  readonly max: number;
  inUse: number;
  /** Grants that have no slot yet. */
  open: number;
  hasWork: boolean;
}

/** Which queues can take a slot at this moment. */
export type IsReady = (queue: string) => boolean;

/**
 * The pool's slots: who has them, and who gets the next. Pure bookkeeping, no I/O.
 *
 * The next slot is granted when a job's code ends, before its finish: so that the finish can fetch the next job, where the
 * slot stays on its queue. Where it does not, the grant stays open until a slot is there; if meanwhile a slot of that queue
 * ends its job, it takes the open grant and leaves its own instead. The order of grants is the same either way.
 */
export class Slots {
  private readonly share: FairShare;
  private readonly queues = new Map<string, QueueSlots>();
  /** Queues of grants that have no slot yet, oldest first. */
  private readonly open: string[] = [];
  private free: number;

  constructor(
    queues: Iterable<SlotQueue>,
    readonly total: number,
    order: ShareOrder,
    private readonly onGrant: (queue: string) => void = () => {},
  ) {
    const all = [...queues];
    this.share = new FairShare(all, order);
    for (const { name, max } of all) this.queues.set(name, { max, inUse: 0, open: 0, hasWork: false });
    this.free = total;
  }

  get busy(): number {
    return this.total - this.free;
  }

  inUse(name: string): number {
    return this.slotsOf(name).inUse;
  }

  setWork(name: string, hasWork: boolean): void {
    this.slotsOf(name).hasWork = hasWork;
    this.refresh(name);
  }

  /** Takes a free slot for the queue whose turn it is. */
  take(ready: IsReady): Slot | undefined {
    if (this.free === 0) return undefined;
    const queue = this.takeOpen() ?? this.grantNext(ready);
    if (queue === undefined) return undefined;
    this.free--;
    return this.bind({ queue: undefined }, queue);
  }

  /**
   * The code of the slot's job has ended. Grants the slot, and says whether it stays on its queue.
   * @param orElse whether the queue may have the slot if no queue's turn it is.
   */
  keep(slot: Slot, ready: IsReady, orElse: boolean): boolean {
    const own = this.unbind(slot);
    let next = this.grantNext(ready);
    if (next === undefined) {
      if (!orElse || !this.isBelowMax(own)) return false;
      this.grant(own);
      next = own;
    }
    if (next !== own) {
      this.open.push(next);
      this.slotsOf(next).open++;
      this.refresh(next);
      if (this.slotsOf(own).open === 0) return false;
      this.open.splice(this.open.indexOf(own), 1);
      this.slotsOf(own).open--;
    }
    this.bind(slot, own);
    return true;
  }

  /** The slot's job is over and brought no other. */
  leave(slot: Slot): void {
    if (slot.queue !== undefined) this.unbind(slot);
    this.free++;
  }

  /** The slot's fetch found no job: the grant is taken back. */
  waste(slot: Slot): void {
    this.share.refund(this.unbind(slot));
    this.free++;
  }

  /** The oldest open grant whose queue still has work. */
  private takeOpen(): string | undefined {
    for (let name = this.open.shift(); name !== undefined; name = this.open.shift()) {
      const queue = this.slotsOf(name);
      queue.open--;
      if (queue.hasWork) return name;
      this.share.refund(name);
      this.refresh(name);
    }
    return undefined;
  }

  private grantNext(ready: IsReady): string | undefined {
    const next = this.share.next(ready);
    if (next !== undefined) this.grant(next);
    return next;
  }

  private grant(name: string): void {
    this.share.grant(name);
    this.onGrant(name);
  }

  private bind(slot: Slot, name: string): Slot {
    slot.queue = name;
    this.slotsOf(name).inUse++;
    this.refresh(name);
    return slot;
  }

  private unbind(slot: Slot): string {
    const name = slot.queue!;
    slot.queue = undefined;
    this.slotsOf(name).inUse--;
    this.refresh(name);
    return name;
  }

  private refresh(name: string): void {
    this.share.contend(name, this.slotsOf(name).hasWork && this.isBelowMax(name));
  }

  private isBelowMax(name: string): boolean {
    const { inUse, open, max } = this.slotsOf(name);
    return inUse + open < max;
  }

  private slotsOf(name: string): QueueSlots {
    const queue = this.queues.get(name);
    if (!queue) throw new RangeError(`No queue "${name}"`);
    return queue;
  }
}

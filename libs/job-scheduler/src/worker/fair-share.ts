export type ShareOrder = 'weighted' | 'strict';

interface Contender {
  readonly name: string;
  readonly weight: number;
  /** Place in the options: the last tie-break. */
  readonly index: number;
  /** Where its count began when it last came back from having no work, in starts ÷ weight. */
  base: number;
  /** Grants since then. Kept apart from `base`, so that equal shares stay exactly equal. */
  granted: number;
  contending: boolean;
}

/**
 * Who gets the next slot: stride scheduling. The queue with the least grants ÷ weight is next, so that with all queues
 * contending any run of `sum(weights)` grants splits as the weights.
 *
 * A queue contends while it has work that it may start. One that does not contend earns nothing: when it comes back
 * it joins where the others are, neither ahead for its rest nor behind for slots that it used while no other wanted them.
 */
export class FairShare {
  private readonly queues = new Map<string, Contender>();
  /** How far the hindmost contender has come. Never goes back. */
  private reached = 0;

  constructor(
    queues: Iterable<{ readonly name: string; readonly weight: number }>,
    private readonly order: ShareOrder = 'weighted',
  ) {
    let index = 0;
    for (const { name, weight } of queues) {
      this.queues.set(name, { name, weight, index: index++, base: 0, granted: 0, contending: false });
    }
  }

  /** Says whether a queue has work that it may start. */
  contend(name: string, contending: boolean): void {
    const queue = this.contender(name);
    if (queue.contending === contending) return;
    queue.contending = contending;
    if (contending && progress(queue) < this.reached) {
      queue.base = this.reached;
      queue.granted = 0;
    }
  }

  /**
   * The contender whose turn it is, or undefined when there is none.
   * @param ready leaves out contenders that cannot take a slot at this moment. They lose nothing by it.
   */
  next(ready: (name: string) => boolean = () => true): string | undefined {
    let best: Contender | undefined;
    for (const queue of this.queues.values()) {
      if (!queue.contending || (best && !this.before(queue, best))) continue;
      if (ready(queue.name)) best = queue;
    }
    return best?.name;
  }

  /** Counts a slot that the queue takes. */
  grant(name: string): void {
    let hindmost = Infinity;
    for (const queue of this.queues.values()) {
      if (queue.contending || queue.name === name) hindmost = Math.min(hindmost, progress(queue));
    }
    this.reached = Math.max(this.reached, hindmost);
    this.contender(name).granted++;
  }

  /** Takes back a grant that found no job. */
  refund(name: string): void {
    this.contender(name).granted--;
  }

  private before(a: Contender, b: Contender): boolean {
    if (this.order === 'strict' && a.weight !== b.weight) return a.weight > b.weight;
    const difference = progress(a) - progress(b);
    if (difference !== 0) return difference < 0;
    return a.weight === b.weight ? a.index < b.index : a.weight > b.weight;
  }

  private contender(name: string): Contender {
    const queue = this.queues.get(name);
    if (!queue) throw new RangeError(`No queue "${name}"`);
    return queue;
  }
}

function progress(queue: Contender): number {
  return queue.base + queue.granted / queue.weight;
}

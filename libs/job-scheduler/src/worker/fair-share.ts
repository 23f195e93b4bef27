export type ShareOrder = 'weighted' | 'strict';

interface Lane {
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
 * Who gets the next slot: stride scheduling. The lane with the least grants ÷ weight is next, so that with all lanes
 * contending any run of `sum(weights)` grants splits as the weights.
 *
 * A lane contends while it has work that it may start. One that does not contend earns nothing: when it comes back
 * it joins where the others are, neither ahead for its rest nor behind for slots that it used while nobody wanted them.
 */
export class FairShare {
  private readonly lanes = new Map<string, Lane>();
  /** How far the hindmost contender has come. Never goes back. */
  private reached = 0;

  constructor(
    lanes: Iterable<{ readonly name: string; readonly weight: number }>,
    private readonly order: ShareOrder = 'weighted',
  ) {
    let index = 0;
    for (const { name, weight } of lanes) {
      this.lanes.set(name, { name, weight, index: index++, base: 0, granted: 0, contending: false });
    }
  }

  /** Says whether a lane has work that it may start. */
  contend(name: string, contending: boolean): void {
    const lane = this.lane(name);
    if (lane.contending === contending) return;
    lane.contending = contending;
    if (contending && progress(lane) < this.reached) {
      lane.base = this.reached;
      lane.granted = 0;
    }
  }

  /**
   * The contender whose turn it is, or undefined when there is none.
   * @param ready leaves out contenders that cannot take a slot at this moment. They lose nothing by it.
   */
  next(ready: (name: string) => boolean = () => true): string | undefined {
    let best: Lane | undefined;
    for (const lane of this.lanes.values()) {
      if (!lane.contending || (best && !this.before(lane, best))) continue;
      if (ready(lane.name)) best = lane;
    }
    return best?.name;
  }

  /** Counts a slot that the lane takes. */
  grant(name: string): void {
    let hindmost = Infinity;
    for (const lane of this.lanes.values()) {
      if (lane.contending || lane.name === name) hindmost = Math.min(hindmost, progress(lane));
    }
    this.reached = Math.max(this.reached, hindmost);
    this.lane(name).granted++;
  }

  /** Takes back a grant that found no job. */
  refund(name: string): void {
    this.lane(name).granted--;
  }

  private before(a: Lane, b: Lane): boolean {
    if (this.order === 'strict' && a.weight !== b.weight) return a.weight > b.weight;
    const difference = progress(a) - progress(b);
    if (difference !== 0) return difference < 0;
    return a.weight === b.weight ? a.index < b.index : a.weight > b.weight;
  }

  private lane(name: string): Lane {
    const lane = this.lanes.get(name);
    if (!lane) throw new RangeError(`No lane "${name}"`);
    return lane;
  }
}

function progress(lane: Lane): number {
  return lane.base + lane.granted / lane.weight;
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/** How much longer a hostile value may block than a harmless one of its size. A reader that looks back takes a thousand times. */
const RATIO = 30;
/** A block of this length says nothing: so long the machine itself may take, in milliseconds. */
const NOISE = 20;

type Work = () => Promise<unknown>;

/** Measures how long the event loop stands still. */
export class BlockMeter {
  /** Of all that was checked. */
  readonly longest = { ms: 0, of: '' };
  private readonly usual = new Map<string, number>();

  /** The longest block meanwhile, in milliseconds. */
  async blockDuring(work: Work): Promise<number> {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    // A block is seen between two turns of the loop's timers.
    await pause(3);
    await work();
    await pause(3);
    delay.disable();
    return delay.max / 1e6;
  }

  /**
   * Fails when `hostile` blocks much longer than `harmless`; noise of the machine is not in each of three tries.
   * @param kind of the harmless one: it is measured once.
   */
  async check(what: string, hostile: Work, kind: string, harmless: Work): Promise<void> {
    const measured = this.usual.get(kind);
    const least = measured ?? Math.max(NOISE, await this.blockDuring(harmless), await this.blockDuring(harmless));
    this.usual.set(kind, least);
    let block = Infinity;
    for (let tries = 0; tries < 3 && block > RATIO * least; tries++) {
      block = Math.min(block, await this.blockDuring(hostile));
    }
    if (block > this.longest.ms) Object.assign(this.longest, { ms: block, of: what });
    if (block > RATIO * least) throw new Error(`${what.slice(0, 200)} blocks ${block} ms, a harmless one ${least} ms`);
  }
}

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { scaled } from '../support/machine.js';

/** No answer may take longer of the event loop, in milliseconds of the reference machine. */
const MOST = 200;
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

  /**
   * The longest block meanwhile, in milliseconds. No more than the processor time that this process used: what others of the
   * machine hold up is no block of ours.
   */
  async blockDuring(work: Work): Promise<number> {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    // A block is seen between two turns of the loop's timers.
    await pause(3);
    const before = process.cpuUsage();
    await work();
    await pause(3);
    const { user, system } = process.cpuUsage(before);
    delay.disable();
    return Math.min(delay.max / 1e6, (user + system) / 1e3);
  }

  /** Fails when `hostile` blocks for longer than any answer may; noise of the machine is not in each of three tries. */
  async bound(what: string, hostile: Work, most = scaled(MOST)): Promise<void> {
    let block = Infinity;
    for (let tries = 0; tries < 3 && block > most; tries++) block = Math.min(block, await this.blockDuring(hostile));
    if (block > this.longest.ms) Object.assign(this.longest, { ms: block, of: what });
    if (block > most) throw new Error(`${what.slice(0, 200)} blocks ${block} ms, where ${most} ms are allowed`);
  }

  /**
   * Fails when `hostile` blocks much longer than `harmless`, too.
   * @param kind of the harmless one: it is measured once.
   */
  async check(what: string, hostile: Work, kind: string, harmless: Work): Promise<void> {
    const measured = this.usual.get(kind);
    const least = measured ?? Math.max(NOISE, await this.blockDuring(harmless), await this.blockDuring(harmless));
    this.usual.set(kind, least);
    await this.bound(what, hostile, Math.min(RATIO * least, scaled(MOST)));
  }
}

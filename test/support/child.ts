/** Second processes for tests: started on our sources, listened to by the line, and dead when the test ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach } from '@jest/globals';
import { ceiling, LONGEST_WAIT } from './machine.js';
import { storeState } from './store-state.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a child tells: a line of JSON on its standard output with the event's name. See `tell.ts`. */
export interface ChildEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Waiter {
  readonly accepts: (event: ChildEvent) => boolean;
  readonly resolve: (event: ChildEvent) => void;
  readonly reject: (error: Error) => void;
}

/** One child process. Its events are kept in order, so that a wait begun late misses nothing. */
export class TestChild {
  /** Every event so far. */
  readonly events: ChildEvent[] = [];
  /** Standard output that is no event, and standard error. */
  output = '';
  /** Settles when the process is gone and its output is read. */
  readonly exited: Promise<ChildExit>;
  private readonly waiters = new Set<Waiter>();
  private readonly process: ChildProcess;

  constructor(file: string, args: readonly string[], env: Record<string, string | undefined>) {
    const compiled = join(process.env.TEST_COMPILED!, file.replace(/\.ts$/, '.js'));
    this.process = spawn(process.execPath, ['--enable-source-maps', compiled, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: this.process.stdout! }).on('line', (line) => this.take(line));
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.exited = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('close', (code, signal) => {
        for (const waiter of this.waiters)
          waiter.reject(new Error(`The child ended (${signal ?? code}) before it told that:\n${this.output}`));
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  get alive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /**
   * The first event of this name (past or to come) that `accepts`. Rejects when the child ends without it, or in time:
   * `within` milliseconds of the reference machine.
   */
  async next(
    event: string,
    { accepts = () => true, within = LONGEST_WAIT }: { accepts?: (event: ChildEvent) => boolean; within?: number } = {},
  ): Promise<ChildEvent> {
    const fits = (each: ChildEvent): boolean => each.event === event && accepts(each);
    const past = this.events.find(fits);
    if (past) return past;
    if (!this.alive) throw new Error(`The child ended and never told "${event}":\n${this.output}`);
    return new Promise<ChildEvent>((resolve, reject) => {
      const waiter: Waiter = {
        accepts: fits,
        resolve: (found) => finish(() => resolve(found)),
        reject: (error) => finish(() => reject(error)),
      };
      const start = performance.now();
      let timer: NodeJS.Timeout;
      const arm = (ms: number): void => {
        timer = setTimeout(() => {
          const waited = performance.now() - start;
          const left = ceiling(within) - waited;
          if (left > 0) arm(left);
          else void this.rejectLate(waiter, event, Math.round(waited));
        }, ms);
      };
      arm(ceiling(within));
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        settle();
      };
      this.waiters.add(waiter);
    });
  }

  private async rejectLate(waiter: Waiter, event: string, waited: number): Promise<void> {
    const told = this.events.map((each) => each.event).join(', ') || 'nothing';
    const state = await storeState();
    waiter.reject(
      new Error(`The child did not tell "${event}" within ${waited} ms. It told: ${told}.${state}\n${this.output}`),
    );
  }

  /** Events of this name so far. */
  count(event: string): number {
    return this.events.filter((each) => each.event === event).length;
  }

  /** Sends a line to its standard input. */
  write(line: string): void {
    this.process.stdin!.write(`${line}\n`);
  }

  /** SIGTERM and the like. Resolves when the process is gone. */
  async signal(signal: NodeJS.Signals): Promise<ChildExit> {
    this.process.kill(signal);
    return this.exited;
  }

  /** `kill -9`: no handler of the child runs. */
  async kill(): Promise<ChildExit> {
    return this.signal('SIGKILL');
  }

  private take(line: string): void {
    const event = parseEvent(line);
    if (!event) {
      this.output += `${line}\n`;
      return;
    }
    this.events.push(event);
    for (const waiter of this.waiters) if (waiter.accepts(event)) waiter.resolve(event);
  }
}

function parseEvent(line: string): ChildEvent | undefined {
  if (!line.startsWith('{"event":')) return undefined;
  try {
    return JSON.parse(line) as ChildEvent;
  } catch {
    return undefined;
  }
}

let inTest = false;
const ofTest = new Set<TestChild>();
const ofFile = new Set<TestChild>();

beforeEach(() => {
  inTest = true;
});
afterEach(async () => {
  inTest = false;
  await killAll(ofTest);
});
afterAll(() => killAll(ofFile));

async function killAll(children: Set<TestChild>): Promise<void> {
  const all = [...children];
  children.clear();
  await Promise.all(all.map((child) => child.kill()));
}

/**
 * Starts a TypeScript file in a process of its own. It is killed when the test ends, or, started in a `beforeAll`, when
 * the file ends.
 * @param file from the top of the checkout, e.g. `test/crash/three-steps.child.ts`.
 */
export function startChild(
  file: string,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string | undefined> } = {},
): TestChild {
  const child = new TestChild(file, args, env);
  (inTest ? ofTest : ofFile).add(child);
  return child;
}

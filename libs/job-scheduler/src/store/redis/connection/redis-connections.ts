import type { Redis } from 'ioredis';
import type { Clock } from '../../../common/clock.js';
import { OwnLogger } from '../../../common/own-logger.js';
import { StoreUnavailableError, StoreUnsupportedError } from '../../../errors/store-errors.js';
import type { Availability } from '../../availability.js';
import { reasonOf } from '../../store-away.js';
import { FinishSender } from '../finish/finish-sender.js';
import { isTooOld, OLDEST_REDIS, readInfo } from './redis-check.js';
import type { RedisClient, RedisRole } from './redis-client.js';
import type { RedisSource } from './redis-source.js';

/** How long boot waits for Redis, in milliseconds. */
export const BOOT_DEADLINE = 6_500;

/** How long closing waits for each thing that a connection should do by itself, in milliseconds. */
const CLOSE_PATIENCE = 2_000;

const DENIED = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:invalid password|AUTH|DB index is out of range))/;

const REMEDIES: readonly (readonly [answer: RegExp, remedy: string])[] = [
  [
    /^NOAUTH/,
    ' It asks for a password: put it into the URL or the options of the connection, or set REDIS_PASSWORD for optionsFromEnv().',
  ],
  [/^(?:WRONGPASS|ERR invalid password)/, ' Check the user and the password of the connection.'],
  [
    /^ERR AUTH/,
    ' It has no password, or is older than users: leave the password, or the user name, out of the connection.',
  ],
];

/** The connections of one store: at most one per role. */
export class RedisConnections {
  private readonly clients = new Map<RedisRole, RedisClient>();
  private readonly logger = new OwnLogger();
  private lastError: Error | undefined;
  private closed: Promise<void> | undefined;

  constructor(
    private readonly source: RedisSource,
    private readonly availability: Availability,
    private readonly clock: Clock,
  ) {}

  /** Connected by `open`. */
  get producer(): RedisClient {
    return this.client('producer');
  }

  /** Made at its first use, so that a process that only enqueues has no such connection. */
  get worker(): RedisClient {
    return this.client('worker');
  }

  /** For the worker's connection. Undefined when ioredis's own classes cannot be had, or on a Cluster. */
  finishSender(): FinishSender | undefined {
    const { Command, cluster } = this.source;
    return Command && !cluster ? new FinishSender(this.worker as Redis, Command) : undefined;
  }

  /** The worker's connection if there is one, else the producer's. */
  get any(): RedisClient {
    return this.clients.get('worker') ?? this.producer;
  }

  /**
   * Connects, and checks that this Redis can hold jobs.
   * @throws StoreUnavailableError within `BOOT_DEADLINE`, StoreUnsupportedError
   */
  async open(): Promise<void> {
    try {
      const info = await this.untilConnected();
      this.check(info);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    this.availability.close();
    return (this.closed ??= Promise.all([...this.clients.values()].map((client) => this.end(client))).then(
      () => undefined,
    ));
  }

  /** Lets commands that are under way end, if there is a connection. */
  private async end(client: RedisClient): Promise<void> {
    if (client.status === 'end') return;
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    // A server that hangs does not answer QUIT, and one that is gone makes it wait with the others.
    if (client.status === 'ready') await this.patiently(client.quit());
    // Between two attempts to connect, ioredis would neither end nor reject the commands that wait.
    if (client.status === 'reconnecting') {
      await this.patiently(new Promise<void>((resolve) => client.once('connecting', resolve)));
    }
    client.disconnect();
    await this.patiently(ended);
  }

  private async patiently(work: Promise<unknown>): Promise<void> {
    const enough = new AbortController();
    const done = work.catch(() => undefined).finally(() => enough.abort());
    await Promise.race([done, this.clock.sleep(CLOSE_PATIENCE, enough.signal)]);
    enough.abort();
  }

  private client(role: RedisRole): RedisClient {
    const known = this.clients.get(role);
    if (known) return known;
    const client = this.source.create(role);
    this.clients.set(role, client);
    this.watch(role, client);
    return client;
  }

  private watch(role: RedisRole, client: RedisClient): void {
    let wasReady = false;
    client.on('error', (error: Error) => (this.lastError = error));
    client.on('ready', () => {
      wasReady = true;
      this.lastError = undefined;
      this.availability.back(role);
    });
    client.on('close', () => {
      if (wasReady) this.availability.lost(role, this.lastError ?? new Error('The connection was closed'));
      wasReady = false;
    });
  }

  /** The answer of INFO. ioredis tries again by itself; we say when it is enough. */
  private untilConnected(): Promise<string> {
    const client = this.producer;
    return new Promise((resolve, reject) => {
      const done = () => {
        timer.cancel();
        client.off('error', onError);
      };
      const fail = (problem: string) => {
        done();
        reject(new StoreUnavailableError(this.source.address, problem, this.lastError));
      };
      const onError = (error: Error) => {
        if (DENIED.test(error.message)) fail(`refused the connection: ${withRemedy(error.message)}`);
      };
      const timer = this.clock.after(BOOT_DEADLINE, () =>
        fail(`did not answer within ${BOOT_DEADLINE / 1000} s${this.lastError ? `: ${reasonOf(this.lastError)}` : ''}`),
      );
      client.on('error', onError);
      const ask = async (): Promise<void> => {
        try {
          const info = await client.info();
          done();
          resolve(info);
        } catch (error) {
          this.lastError ??= error as Error;
          onError(error as Error);
          if (client.status === 'end') return fail(`could not be reached: ${reasonOf(this.lastError)}`);
          await this.clock.sleep(50);
          if (!this.closed) await ask();
        }
      };
      void ask();
    });
  }

  private check(info: string): void {
    const { version, maxmemoryPolicy, isClusterNode, isDragonfly, isRefused } = readInfo(info);
    const { address, cluster } = this.source;
    if (isClusterNode && !cluster) {
      throw new StoreUnsupportedError(
        address,
        'is a node of a Redis Cluster. Hand over a Cluster of ioredis as the connection: new Cluster([{ host, port }]).',
      );
    }
    if (isDragonfly) {
      throw new StoreUnsupportedError(
        address,
        'is Dragonfly, whose scripts may only use keys that are named beforehand. Use Redis or Valkey.',
      );
    }
    if (isTooOld(version)) {
      throw new StoreUnsupportedError(
        address,
        `is Redis ${version}. Jobs need Redis ${OLDEST_REDIS} or newer, or Valkey.`,
      );
    }
    if (isRefused) {
      this.logger.warn(
        `The user of the Redis at ${address} may not run INFO: nobody checks that its maxmemory-policy is noeviction. Let it (+info), or see to that.`,
      );
    }
    if (maxmemoryPolicy !== undefined && maxmemoryPolicy !== 'noeviction') {
      this.logger.warn(
        `The Redis at ${address} has the maxmemory-policy "${maxmemoryPolicy}": it may throw jobs away when its memory is full. Set it to noeviction.`,
      );
    }
  }
}

/** What HELLO answers without a password is about protocols: its first word says enough. */
function withRemedy(answer: string): string {
  const said = answer.startsWith('NOAUTH') ? 'NOAUTH' : answer.replace(/\.$/, '');
  return `${said}.${REMEDIES.find(([pattern]) => pattern.test(answer))?.[1] ?? ''}`;
}

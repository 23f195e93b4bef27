import { Packr } from 'msgpackr';
import { OwnLogger } from '../../common/own-logger.js';
import { CorruptRecordError } from '../codecs/execution-codec.js';
import { readableLogs, readLog, writeLog } from '../codecs/log-codec.js';
import {
  ANSWER_KEPT,
  LINES_PER_EXECUTION,
  type LogBatch,
  type LogStore,
  type StoredLog,
  TAIL_PER_JOB,
} from '../ports/log-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

const packr = new Packr({ useRecords: false });
/** Keys in one command: Redis does nothing else meanwhile. */
const DROPPED_AT_ONCE = 1_000;
const ENTRY = /^(\d+):(\d+):/;

/** Log lines in a sorted set per execution, and a tail of pointers per job. */
export class RedisLogStore implements LogStore {
  private readonly logger = new OwnLogger();

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async append({ writer, number, writes }: LogBatch): Promise<StoredLog[]> {
    if (writes.length === 0) return [];
    const batch = packr.pack(
      writes.map((write) => {
        const { id, job, scheduleId, isLine, json, keep } = writeLog(write);
        return [id, job, scheduleId ?? '', isLine ? 1 : 0, json, keep];
      }),
    );
    const { producer } = this.connections;
    const bounds = [LINES_PER_EXECUTION, TAIL_PER_JOB, ANSWER_KEPT] as const;
    const places = await this.deadline.run(producer.jobsAppendLogs(this.keys.base, batch, writer, number, ...bounds));
    return writes.map(({ entry }, index) => ({ ...entry, seq: places[2 * index]!, number: places[2 * index + 1]! }));
  }

  async ofExecution(id: string, after: number, limit: number): Promise<StoredLog[]> {
    const key = this.keys.logs(id);
    const most = readableLogs(limit);
    if (most === 0) return [];
    try {
      const { producer } = this.connections;
      return this.decode(await this.deadline.run(producer.zrangebyscore(key, `(${after}`, '+inf', 'LIMIT', 0, most)));
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw error;
      this.logger.warn(`The log ${key} is corrupt and is left out: it was of another type`);
      return [];
    }
  }

  async ofJob(job: string, after: number, limit: number, scheduleId = ''): Promise<StoredLog[]> {
    const { producer } = this.connections;
    const found = producer.jobsReadJobLogs(this.keys.base, job, after, readableLogs(limit), scheduleId);
    return this.decode(await this.deadline.run(found));
  }

  async latest(job: string): Promise<number> {
    return Number((await this.deadline.run(this.connections.producer.hget(this.keys.logPlaces, job))) ?? 0);
  }

  async drop(ids: readonly string[]): Promise<void> {
    for (let first = 0; first < ids.length; first += DROPPED_AT_ONCE) {
      const keys = ids.slice(first, first + DROPPED_AT_ONCE).map((id) => this.keys.logs(id));
      await this.deadline.run(this.connections.producer.unlink(...keys));
    }
  }

  private decode(members: readonly string[]): StoredLog[] {
    return members.flatMap((member) => {
      try {
        const parts = ENTRY.exec(member);
        if (!parts) throw new CorruptRecordError('it has no place');
        return readLog(member.slice(parts[0].length), Number(parts[1]), Number(parts[2]));
      } catch (error) {
        if (!(error instanceof CorruptRecordError)) throw error;
        this.logger.warn(`A log line below ${this.keys.base} is corrupt and is left out: ${error.message}`);
        return [];
      }
    });
  }
}

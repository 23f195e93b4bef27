import { createIORedisClient, type IRedisClient } from 'bullmq';
import type { RedisClient } from '../connection/redis-client.js';
import { finishedJob, finishWithRecordScript, isFinish, type ScriptDefinition, takesRecord } from './bullmq-scripts.js';
import type { FinishSender } from './finish-sender.js';

/** Begins an error of `finish-with-record.lua`; corrupt keys follow. */
const CORRUPT_KEYS = 'JOBS_CORRUPT ';
/** Before the name of the same script with our record. */
const RECORDING = 'jobs:';

/** What comes after BullMQ's own arguments; see `finish-with-record.lua`. */
export type RecordArguments = readonly (string | number | Buffer)[];

/** Records that the call stores that ends their job. */
export class FinishRecords {
  /** Whether the script has been found that takes them. */
  isPossible = false;
  private readonly queues = new Map<string, RecordsOfQueue>();

  /** @param prefix BullMQ's prefix of the keys of one queue. */
  ofQueue(prefix: string): RecordsOfQueue {
    let records = this.queues.get(prefix);
    if (!records) {
      records = Object.create(null) as RecordsOfQueue;
      this.queues.set(prefix, records);
    }
    return records;
  }

  take({ prefix, jobId }: ReturnType<typeof finishedJob>): RecordArguments | undefined {
    const records = this.ofQueue(prefix);
    const record = records[jobId];
    if (record !== undefined) delete records[jobId];
    return record;
  }
}

/** By BullMQ's job id. No `Map`, for the same reason as `ActiveJobs`. */
export type RecordsOfQueue = Record<string, RecordArguments>;

/**
 * The client that BullMQ's workers use: BullMQ's own, except that the call which ends a job also stores the job's record, if
 * `FinishRecords` has one. See README.md.
 *
 * @param sender absent: the calls go the ordinary way, which takes longer.
 */
export function finishClient(
  client: RedisClient,
  sender: FinishSender | undefined,
  records: FinishRecords,
  warnCorrupt: (key: string) => void,
): IRedisClient {
  const plain = createIORedisClient(client);

  function define(name: string, definition: ScriptDefinition): void {
    plain.defineCommand(name, definition);
    sender?.define(name, definition);
  }

  async function finish(name: string, args: unknown[], record: RecordArguments | undefined): Promise<unknown> {
    const script = record ? RECORDING + name : name;
    const all = record ? args.concat(record) : args;
    try {
      return await (sender ? sender.send(script, all) : plain.runCommand(script, all));
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      if (sender && message.startsWith('NOSCRIPT')) return plain.runCommand(script, all);
      if (!message.startsWith(CORRUPT_KEYS)) throw error;
      for (const key of message.slice(CORRUPT_KEYS.length).split('\t')) warnCorrupt(key);
      return plain.runCommand(name, args);
    }
  }

  const changed: Pick<IRedisClient, 'defineCommand' | 'runCommand'> = {
    defineCommand(name, definition) {
      if (!takesRecord(name, definition)) return plain.defineCommand(name, definition);
      records.isPossible = true;
      define(name, definition);
      define(RECORDING + name, { ...definition, lua: finishWithRecordScript(definition.lua) });
    },
    runCommand(name, args) {
      return records.isPossible && isFinish(name)
        ? finish(name, args, records.take(finishedJob(args)))
        : plain.runCommand(name, args);
    },
  };
  // Defined, not assigned: BullMQ's client is a proxy that hands assignments on to the connection.
  return Object.create(plain, Object.getOwnPropertyDescriptors(changed)) as IRedisClient;
}

import { OwnLogger } from '../../common/own-logger.js';
import { readDeclaration, writeDeclared } from '../codecs/declaration-codec.js';
import { CorruptRecordError } from '../codecs/execution-codec.js';
import { putSchedules, type ScheduleWrite, type ScheduleWritten } from '../put-schedules.js';
import { byId, readSchedule, type RawSchedule } from '../codecs/schedule-codec.js';
import type { ScheduleDeclaration, SchedulePut, ScheduleStore, StoredSchedule } from '../ports/schedule-store.js';
import type { StoreDeadline } from '../store-deadline.js';
import type { RedisConnections } from './connection/redis-connections.js';
import type { RedisKeys } from './redis-keys.js';

/** A script holds up the server, and a request its memory: many schedules are sent in parts, without waiting in between. */
const PART_ENTRIES = 500;
const PART_CHARACTERS = 4_000_000;

/** Schedules in one hash, their last fires in another: reading all of them is one round trip. */
export class RedisScheduleStore implements ScheduleStore {
  private readonly logger = new OwnLogger();

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: RedisKeys,
    private readonly deadline: StoreDeadline,
  ) {}

  async all(): Promise<StoredSchedule[]> {
    const client = this.connections.producer;
    const [records, fires] = await this.deadline.run(
      Promise.all([
        this.hash(this.keys.schedules, client.hgetall(this.keys.schedules)),
        this.hash(this.keys.fires, client.hgetall(this.keys.fires)),
      ]),
    );
    // Ids may be names that every object has, such as "constructor".
    const lastFires = new Map(Object.entries(fires));
    return Object.entries(records)
      .flatMap(([id, record]) => this.read(toRaw(id, record, lastFires.get(id))) ?? [])
      .toSorted(byId);
  }

  async get(id: string): Promise<StoredSchedule | undefined> {
    const [raw] = await this.raw([id]);
    return raw && this.read(raw);
  }

  put(entries: readonly SchedulePut[]): Promise<(StoredSchedule | undefined)[]> {
    return putSchedules({ write: (writes) => this.write(writes), raw: (ids) => this.raw(ids) }, entries);
  }

  async remove(id: string, expected?: number): Promise<boolean> {
    const removed = this.connections.producer.jobsRemoveSchedule(this.keys.base, id, expected ?? '');
    return (await this.deadline.run(removed)) === 1;
  }

  async claim(id: string, from: number | undefined, to: number): Promise<boolean> {
    const claimed = this.connections.producer.jobsClaimFire(this.keys.base, id, from ?? '', to);
    return (await this.deadline.run(claimed)) === 1;
  }

  async declare(declaration: ScheduleDeclaration, forgetAfter: number): Promise<void> {
    const { version, bootedAt, seenAt } = declaration;
    await this.deadline.run(
      this.connections.producer.jobsDeclareSchedules(
        this.keys.base,
        version,
        Math.floor(bootedAt),
        Math.floor(seenAt),
        writeDeclared(declaration),
        Math.floor(seenAt - forgetAfter),
      ),
    );
  }

  async declarations(): Promise<ScheduleDeclaration[]> {
    const key = this.keys.declarations;
    const entries = await this.hash(key, this.deadline.run(this.connections.producer.hgetall(key)));
    return Object.entries(entries).flatMap(([version, text]) => {
      try {
        const [, booted, seen, ids] = /^(\d+):(\d+):(.*)$/s.exec(text) ?? [];
        return [readDeclaration(version, ids ?? '', Number(booted), Number(seen))];
      } catch (error) {
        if (!(error instanceof CorruptRecordError)) throw error;
        this.warnCorrupt(`field ${version} of ${key}`, error.message);
        return [];
      }
    });
  }

  private async write(entries: readonly ScheduleWrite[]): Promise<ScheduleWritten[]> {
    const client = this.connections.producer;
    const parts = partsOf(entries);
    const answers = await this.deadline.run(
      Promise.all(
        parts.map((part) =>
          client.jobsPutSchedules(
            this.keys.base,
            ...part.flatMap(({ id, expected, text }) => [id, expected ?? '', text]),
          ),
        ),
      ),
    );
    return parts.flatMap((part, index) => {
      const answer = answers[index]!;
      for (const key of answer.slice(2 * part.length)) this.warnCorrupt(`key ${key}`, 'it was of another type');
      return part.map((_, place) => ({
        version: Number(answer[2 * place]),
        lastFire: readTime(String(answer[2 * place + 1])),
      }));
    });
  }

  private async raw(ids: readonly string[]): Promise<RawSchedule[]> {
    const client = this.connections.producer;
    const [records, fires] = await this.deadline.run(
      Promise.all([
        this.fields(this.keys.schedules, ids, client.hmget(this.keys.schedules, ...ids)),
        this.fields(this.keys.fires, ids, client.hmget(this.keys.fires, ...ids)),
      ]),
    );
    return ids.flatMap((id, index) => {
      const record = records[index];
      return typeof record === 'string' ? [toRaw(id, record, fires[index] ?? undefined)] : [];
    });
  }

  private read(raw: RawSchedule): StoredSchedule | undefined {
    try {
      return readSchedule(raw);
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      this.warnCorrupt(`field ${raw.id} of ${this.keys.schedules}`, error.message);
      return undefined;
    }
  }

  private async hash(key: string, answer: Promise<Record<string, string>>): Promise<Record<string, string>> {
    return this.unlessCorrupt(key, answer, {});
  }

  private async fields(key: string, ids: readonly string[], answer: Promise<(string | null)[]>) {
    return this.unlessCorrupt<(string | null)[]>(
      key,
      answer,
      ids.map(() => null),
    );
  }

  private async unlessCorrupt<T>(key: string, answer: Promise<T>, instead: T): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw error;
      this.warnCorrupt(`key ${key}`, 'it is of another type');
      return instead;
    }
  }

  private warnCorrupt(where: string, problem: string): void {
    this.logger.warn(`The ${where} is corrupt and is left out: ${problem}`);
  }
}

function toRaw(id: string, record: string, lastFire: string | undefined): RawSchedule {
  const colon = record.indexOf(':');
  const version = /^\d+$/.test(record.slice(0, colon)) ? Number(record.slice(0, colon)) : Number.NaN;
  return { id, version, text: record.slice(colon + 1), lastFire: readTime(lastFire ?? '') };
}

function readTime(text: string): number | undefined {
  return text === '' ? undefined : Number(text);
}

function partsOf(entries: readonly ScheduleWrite[]): ScheduleWrite[][] {
  const parts: ScheduleWrite[][] = [];
  let characters = 0;
  for (const entry of entries) {
    const part = parts.at(-1);
    if (part && part.length < PART_ENTRIES && characters + entry.text.length <= PART_CHARACTERS) {
      part.push(entry);
      characters += entry.text.length;
    } else {
      parts.push([entry]);
      characters = entry.text.length;
    }
  }
  return parts;
}

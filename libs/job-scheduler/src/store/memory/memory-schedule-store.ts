import type { OpenMemory } from '#bullmq-memory/extend';
import { OwnLogger } from '../../common/own-logger.js';
import { readDeclaration, writeDeclared } from '../codecs/declaration-codec.js';
import { CorruptRecordError } from '../codecs/execution-codec.js';
import { byId, readSchedule, writeSchedule } from '../codecs/schedule-codec.js';
import type { ScheduleDeclaration, SchedulePut, ScheduleStore, StoredSchedule } from '../ports/schedule-store.js';

interface MemorySchedule {
  version: number;
  /** As text: what is kept does not change when its maker changes an object. */
  text: string;
  lastFire: number | undefined;
}

/** Where schedules stand beside the queues. */
export const schedulesOf = (memory: OpenMemory): Map<string, MemorySchedule> =>
  memory.part('schedules', () => new Map<string, MemorySchedule>());

export class MemoryScheduleStore implements ScheduleStore {
  private readonly schedules: Map<string, MemorySchedule>;
  private readonly declared: Map<string, ScheduleDeclaration>;
  private readonly logger = new OwnLogger();

  constructor(memory: OpenMemory) {
    this.schedules = schedulesOf(memory);
    this.declared = memory.part('declarations', () => new Map());
  }

  async all(): Promise<StoredSchedule[]> {
    return [...this.schedules].flatMap(([id, kept]) => this.read(id, kept) ?? []).toSorted(byId);
  }

  async get(id: string): Promise<StoredSchedule | undefined> {
    const kept = this.schedules.get(id);
    return kept && this.read(id, kept);
  }

  async put(entries: readonly SchedulePut[]): Promise<(StoredSchedule | undefined)[]> {
    return entries.map((entry) => this.putOne(entry));
  }

  async remove(id: string, expected?: number): Promise<boolean> {
    const kept = this.schedules.get(id);
    if (!kept || (expected !== undefined && expected !== kept.version)) return false;
    return this.schedules.delete(id);
  }

  async claim(id: string, from: number | undefined, to: number): Promise<boolean> {
    const kept = this.schedules.get(id);
    if (!kept || kept.lastFire !== from) return false;
    kept.lastFire = to;
    return true;
  }

  async declare(declaration: ScheduleDeclaration, forgetAfter: number): Promise<void> {
    const { version, bootedAt, seenAt } = declaration;
    const known = this.declared.get(version);
    this.declared.set(
      version,
      readDeclaration(
        version,
        writeDeclared(declaration),
        Math.max(bootedAt, known?.bootedAt ?? bootedAt),
        Math.max(seenAt, known?.seenAt ?? seenAt),
      ),
    );
    for (const [name, other] of this.declared) if (other.seenAt < seenAt - forgetAfter) this.declared.delete(name);
  }

  async declarations(): Promise<ScheduleDeclaration[]> {
    return [...this.declared.values()];
  }

  private putOne({ data, expected }: SchedulePut): StoredSchedule | undefined {
    const kept = this.schedules.get(data.id);
    // What cannot be read is as good as none.
    const stands = kept && (expected !== 0 || isReadable(data.id, kept)) ? kept.version : 0;
    if (expected !== undefined && expected !== stands) return undefined;
    const next: MemorySchedule = {
      version: (kept?.version ?? 0) + 1,
      text: writeSchedule(data),
      lastFire: kept?.lastFire,
    };
    this.schedules.set(data.id, next);
    return readSchedule({ id: data.id, ...next });
  }

  private read(id: string, kept: MemorySchedule): StoredSchedule | undefined {
    try {
      return readSchedule({ id, ...kept });
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      this.logger.warn(`The record of schedule ${id} is corrupt and is left out: ${error.message}`);
      return undefined;
    }
  }
}

function isReadable(id: string, kept: MemorySchedule): boolean {
  try {
    readSchedule({ id, ...kept });
    return true;
  } catch {
    return false;
  }
}

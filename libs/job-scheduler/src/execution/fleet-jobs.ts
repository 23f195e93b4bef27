import type { Clock } from '../common/clock.js';
import type { DeclaredJob } from '../store/ports/declared-job.js';
import type { ScheduleDeclaration, ScheduleStore } from '../store/ports/schedule-store.js';
import type { StoreTime } from '../store/store-time.js';

/** What was read is good for so long, in milliseconds; a job that was not found is looked for again sooner. */
const GOOD_FOR = 5_000;
const LOOK_AGAIN = 500;

/** What the processes of the fleet declare of their jobs. Asked for jobs that this process does not know, and for no others. */
export class FleetJobs {
  private declared: Promise<readonly ScheduleDeclaration[]> | undefined;
  private readAt = -Infinity;

  /** @param liveFor how long after its last word a version of the code counts as live, in milliseconds. */
  constructor(
    private readonly store: () => Pick<ScheduleStore, 'declarations'>,
    private readonly clock: Clock,
    private readonly time: Pick<StoreTime, 'sure'>,
    private readonly liveFor: number,
  ) {}

  /** Whether a process that lives has the code of this job. Rejects when the store fails. */
  async isDeclared(job: string): Promise<boolean> {
    const since = (await this.time.sure()) - this.liveFor;
    const isLive = ({ seenAt, jobs = [] }: ScheduleDeclaration) =>
      seenAt > since && jobs.some(({ name }) => name === job);
    return (await this.read((all) => all.some(isLive))).some(isLive);
  }

  /** By the store's clock. Never rejects. */
  now(): Promise<number> {
    return this.time.sure();
  }

  /** As the newest version of the code that knows it declares it, whether it lives or not. Rejects when the store fails. */
  async find(job: string): Promise<DeclaredJob | undefined> {
    const of = ({ jobs = [] }: ScheduleDeclaration) => jobs.find(({ name }) => name === job);
    const all = await this.read((declared) => declared.some(of));
    const [newest] = all.filter(of).toSorted((a, b) => b.bootedAt - a.bootedAt);
    return newest && of(newest);
  }

  private async read(
    isEnough: (all: readonly ScheduleDeclaration[]) => boolean,
  ): Promise<readonly ScheduleDeclaration[]> {
    const age = this.clock.monotonic() - this.readAt;
    if (this.declared && age < GOOD_FOR) {
      const all = await this.declared;
      if (age < LOOK_AGAIN || isEnough(all)) return all;
    }
    this.readAt = this.clock.monotonic();
    const declared = this.store().declarations();
    this.declared = declared;
    // What could not be read is read again by who comes next.
    declared.catch(() => (this.declared = undefined));
    return declared;
  }
}

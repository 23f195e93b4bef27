import type { Clock, ClockTimer } from '../common/clock.js';
import type { Notifier } from '../store/ports/notifier.js';

/** Who listens says so this often, in milliseconds. */
const AGAIN = 10_000;
/** Who has not said so for this long is forgotten, in milliseconds. */
const FORGOTTEN = 30_000;
/** How long a process that asks for the first time waits for answers, in milliseconds. */
const ANSWER_WITHIN = 500;

const TOPIC = 'event-listeners';

type Word = { readonly here: string } | { readonly bye: string } | { readonly who: string };

/**
 * Who in the fleet listens to events. Listeners say that they are there when they come, again every ten seconds, and whenever
 * somebody asks; and goodbye when they go. So no event is sent to nobody, and no event that somebody waits for is kept back:
 * of a listener whose words were lost one hears within ten seconds.
 */
export class SubscriberPresence {
  /** Whether anybody listens, as far as this process knows. */
  isThere = false;

  private readonly known = new Map<string, number>();
  private readonly ours = new Map<string, ClockTimer>();
  private pruning: ClockTimer | undefined;
  private following: Promise<() => Promise<void>> | undefined;
  private askedAt: number | undefined;
  /** Of those who wait for somebody to be there. */
  private readonly patient = new Set<AbortController>();

  /**
   * @param signals of the store, once it is open.
   * @param onChange `isThere` is another.
   */
  constructor(
    private readonly signals: () => Notifier,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  /** Whether everybody was asked, and had time to answer. */
  get isKnown(): boolean {
    return this.askedAt !== undefined && this.clock.now() - this.askedAt > ANSWER_WITHIN;
  }

  /** Knows from here on who listens. Resolves when everybody was asked. @throws StoreUnavailableError */
  async follow(): Promise<void> {
    this.following ??= this.subscribe();
    try {
      await this.following;
    } catch (error) {
      this.following = undefined;
      throw error;
    }
  }

  /** As `follow`, and waits for answers, for a moment. */
  async find(): Promise<void> {
    await this.follow();
    if (this.isThere || this.isKnown || !this.following) return;
    const patience = new AbortController();
    this.patient.add(patience);
    await this.clock.sleep(ANSWER_WITHIN, patience.signal);
    this.patient.delete(patience);
  }

  /** A listener of this process has come. @param id differs from all others in the fleet. @throws StoreUnavailableError */
  async come(id: string): Promise<void> {
    await this.follow();
    this.repeat(id);
    await this.say({ here: id });
  }

  /** It has gone. Never rejects. */
  async leave(id: string): Promise<void> {
    if (!this.ours.has(id)) return;
    this.ours.get(id)?.cancel();
    this.ours.delete(id);
    this.forget(id);
    await this.say({ bye: id }).catch(() => undefined);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    const { following } = this;
    this.following = undefined;
    for (const waiting of this.patient) waiting.abort();
    for (const id of this.ours.keys()) await this.leave(id);
    await (
      await following?.catch(() => undefined)
    )?.();
    this.pruning?.cancel();
    this.known.clear();
    this.judge();
  }

  private async subscribe(): Promise<() => Promise<void>> {
    const leave = await this.signals().subscribe(
      TOPIC,
      (message) => this.heard(message),
      () => void this.greet().catch(() => undefined),
    );
    // If it is lost, who listens is heard of a little later.
    await this.say({ who: '' }).catch(() => undefined);
    this.askedAt = this.clock.now();
    return leave;
  }

  /** After a gap: others may have come or gone, and may have forgotten ours. */
  private async greet(): Promise<void> {
    await this.say({ who: '' });
    for (const id of this.ours.keys()) await this.say({ here: id });
  }

  private repeat(id: string): void {
    const again = () => {
      this.repeat(id);
      void this.say({ here: id }).catch(() => undefined);
    };
    this.ours.get(id)?.cancel();
    this.ours.set(id, this.clock.after(AGAIN, again, false));
    this.remember(id);
  }

  private async say(word: Word): Promise<void> {
    await this.signals().publish(TOPIC, JSON.stringify(word));
  }

  private heard(message: string): void {
    const word = readWord(message);
    if (!word) return;
    if ('here' in word) this.remember(word.here);
    else if ('bye' in word) this.forget(word.bye);
    else for (const id of this.ours.keys()) void this.say({ here: id }).catch(() => undefined);
  }

  private remember(id: string): void {
    this.known.set(id, this.clock.now() + FORGOTTEN);
    this.judge();
    for (const waiting of this.patient) waiting.abort();
    this.pruning ??= this.clock.after(FORGOTTEN, () => this.prune(), false);
  }

  private forget(id: string): void {
    // One of our own that is still there was forgotten by mistake.
    if (this.ours.has(id)) return;
    this.known.delete(id);
    this.judge();
  }

  private prune(): void {
    this.pruning = undefined;
    const now = this.clock.now();
    for (const [id, until] of this.known) if (until <= now) this.known.delete(id);
    this.judge();
    if (this.known.size > 0) this.pruning = this.clock.after(AGAIN, () => this.prune(), false);
  }

  private judge(): void {
    const isThere = this.known.size > 0;
    if (isThere === this.isThere) return;
    this.isThere = isThere;
    this.onChange();
  }
}

/** Undefined: another version's, or rubbish. */
function readWord(message: string): Word | undefined {
  try {
    const value = JSON.parse(message) as Record<string, unknown> | null;
    const known = ['here', 'bye', 'who'].some((key) => typeof value?.[key] === 'string');
    return known ? (value as unknown as Word) : undefined;
  } catch {
    return undefined;
  }
}

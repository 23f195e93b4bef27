/** Every Redis key of this library, and BullMQ's prefix. Braces keep the keys of one script in one slot of a Cluster. */
export class RedisKeys {
  /** Before the colon of each key of our own. */
  readonly base: string;
  /** Hash: completed and failed executions per queue. */
  readonly counts: string;
  /** Hash: what is true once for the fleet. */
  readonly markers: string;
  /** Sorted set: workers by the time at which they count as gone. */
  readonly workers: string;
  /** Hash: schedules by id. Scripts make this key and the next two, too. */
  readonly schedules: string;
  /** Hash: the last fire of each schedule. */
  readonly fires: string;
  /** Hash: schedules that versions of the code declare. */
  readonly declarations: string;
  /** Hash: by job, the place of its newest log line. Scripts make this key, too. */
  readonly logPlaces: string;

  constructor(private readonly prefix: string) {
    this.base = `{${prefix}}`;
    this.counts = `${this.base}:counts`;
    this.markers = `${this.base}:facts`;
    this.workers = `${this.base}:workers`;
    this.schedules = `${this.base}:schedules`;
    this.fires = `${this.base}:fires`;
    this.declarations = `${this.base}:declarations`;
    this.logPlaces = `${this.base}:logs`;
  }

  /** Hash of one execution. Scripts make this key, too. */
  execution(id: string): string {
    return `${this.base}:x:${id}`;
  }

  /** Sorted set: log lines of one execution. Scripts make this key, too, and drop it with the execution's. */
  logs(id: string): string {
    return `${this.base}:l:${id}`;
  }

  /** Pub/sub channel of a topic. Redis hands messages to all databases of a server, so that another than 0 is in the name. */
  channel(topic: string, db = 0): string {
    return `${this.base}:signals${db === 0 ? '' : `@${db}`}:${topic}`;
  }

  /** BullMQ's `prefix` option. One per queue, so that queues spread over a Cluster. */
  bullPrefix(queue: string): string {
    return `{${this.prefix}:${queue}}`;
  }

  /** Before the name of each of BullMQ's keys of a queue. */
  bullKeys(queue: string): string {
    return `${this.bullPrefix(queue)}:${queue}:`;
  }

  /** BullMQ's list of waiting jobs. */
  waiting(queue: string): string {
    return `${this.bullKeys(queue)}wait`;
  }

  /** BullMQ's sorted set of delayed jobs, by their time and 12 bits more. */
  delayed(queue: string): string {
    return `${this.bullKeys(queue)}delayed`;
  }

  /** BullMQ's sorted set of failed jobs, by the time of their failure. */
  failed(queue: string): string {
    return `${this.bullKeys(queue)}failed`;
  }

  /** BullMQ's stream of events. */
  events(queue: string): string {
    return `${this.bullKeys(queue)}events`;
  }

  /** BullMQ's sorted set of wake-ups: member `0` for work now, `1` with the time of the next delayed job. */
  marker(queue: string): string {
    return `${this.bullPrefix(queue)}:${queue}:marker`;
  }

  /** BullMQ's sorted set of job schedulers, by the time of their next job. */
  schedulers(queue: string): string {
    return `${this.bullPrefix(queue)}:${queue}:repeat`;
  }
}

import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';

/** Jobs that an earlier run left in a store that outlives runs, such as Redis. The queues are plain BullMQ queues. */
@Injectable()
export class Leftovers {
  private readonly queues: readonly Queue[];

  constructor(
    @InjectQueue('critical') critical: Queue,
    @InjectQueue('news') news: Queue,
    @InjectQueue('wechat') wechat: Queue,
    @InjectQueue('analytics') analytics: Queue,
    @InjectQueue('default') other: Queue,
  ) {
    this.queues = [critical, news, wechat, analytics, other];
  }

  async remove(): Promise<void> {
    for (const queue of this.queues) await queue.obliterate({ force: true });
    for (const queue of this.queues) await queue.resume();
  }
}

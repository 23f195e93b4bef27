import { Get, HttpCode, Param, Post, UseInterceptors } from '@nestjs/common';
import { JobService } from '../service/job-service.js';
import type { QueueInfo } from '../queues/queue-info.js';
import { EmptyBody } from './bodies/empty-body.interceptor.js';
import { MonitorController } from './monitor-controller.js';
import { Describe } from './openapi/operation.js';
import { Queue, Queues } from './schemas/queue.schema.js';
import { Id } from './schemas/texts.js';

/** Queues, over the whole fleet. */
@MonitorController()
export class QueuesController {
  constructor(private readonly jobs: JobService) {}

  @Get('queues')
  @Describe({ summary: 'List queues', status: 200, answer: Queues })
  async list(): Promise<{ items: QueueInfo[] }> {
    return { items: await this.jobs.getQueues() };
  }

  @Get('queues/:name')
  @Describe({ summary: 'Read a queue', status: 200, answer: Queue, problems: [404] })
  get(@Param('name', { schema: Id }) name: string): Promise<QueueInfo> {
    return this.jobs.getQueue(name);
  }

  @Post('queues/:name/pause')
  @UseInterceptors(EmptyBody)
  @HttpCode(200)
  @Describe({
    summary: 'Stop handing out the jobs of a queue',
    description: 'Those that run go on.',
    status: 200,
    answer: Queue,
    problems: [404],
  })
  async pause(@Param('name', { schema: Id }) name: string): Promise<QueueInfo> {
    await this.jobs.pauseQueue(name);
    return this.jobs.getQueue(name);
  }

  @Post('queues/:name/resume')
  @UseInterceptors(EmptyBody)
  @HttpCode(200)
  @Describe({ summary: 'Hand out the jobs of a queue again', status: 200, answer: Queue, problems: [404] })
  async resume(@Param('name', { schema: Id }) name: string): Promise<QueueInfo> {
    await this.jobs.resumeQueue(name);
    return this.jobs.getQueue(name);
  }
}

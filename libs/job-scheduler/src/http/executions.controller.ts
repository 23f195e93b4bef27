import { Body, Get, HttpCode, Param, Post, Query, Res, UseInterceptors } from '@nestjs/common';
import type { JobLogLine } from '../definition/job-log-line.js';
import { ExecutionEndedError, ExecutionUnknownError } from '../errors/unknown-name-errors.js';
import type { JobExecution } from '../service/history/job-execution.js';
import { JobHistory, type ExecutionPage as Page } from '../service/history/job-history.js';
import { JobService } from '../service/job-service.js';
import { EmptyBody } from './bodies/empty-body.interceptor.js';
import { MonitorController } from './monitor-controller.js';
import { Describe } from './openapi/operation.js';
import { Presenter } from './present.js';
import { Replies } from './replies.js';
import {
  Cancelled,
  CancelReason,
  CancelRequest,
  Execution,
  ExecutionFilter,
  ExecutionList,
  LogFilter,
  LogLineList,
  Started,
} from './schemas/execution.schema.js';
import { Id } from './schemas/texts.js';

const ENDED = new Set(['completed', 'failed', 'skipped', 'cancelled']);

/** Runs of jobs. */
@MonitorController()
export class ExecutionsController {
  constructor(
    private readonly history: JobHistory,
    private readonly jobs: JobService,
    private readonly present: Presenter,
    private readonly replies: Replies,
  ) {}

  @Get('executions')
  @Describe({
    summary: 'List executions, newest first',
    description: 'Those that have ended, unless `status` asks for others.',
    status: 200,
    answer: ExecutionList,
    problems: [404],
  })
  async list(@Query({ schema: ExecutionFilter }) filter: ExecutionFilter): Promise<Page> {
    const { items, ...rest } = await this.history.find(filter);
    return { items: items.map((execution) => this.present.execution(execution)), ...rest };
  }

  @Get('executions/:id')
  @Describe({ summary: 'Read an execution', status: 200, answer: Execution, problems: [404] })
  async get(@Param('id', { schema: Id }) id: string): Promise<JobExecution> {
    return this.present.execution(await this.require(id));
  }

  @Get('executions/:id/logs')
  @Describe({ summary: 'Read the log lines of an execution', status: 200, answer: LogLineList, problems: [404] })
  async logs(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: LogFilter }) filter: LogFilter,
  ): Promise<{ items: JobLogLine[] }> {
    const items = await this.history.getLogs(id, filter);
    if (items.length === 0) await this.require(id);
    return { items };
  }

  @Post('executions/:id/retry')
  @UseInterceptors(EmptyBody)
  @HttpCode(202)
  @Describe({
    summary: 'Run a failed execution again',
    description: 'With all its attempts. Steps that have succeeded are not run again.',
    status: 202,
    answer: Started,
    problems: [404, 409],
    headers: { Location: 'The path of the execution.' },
  })
  async retry(@Param('id', { schema: Id }) id: string, @Res({ passthrough: true }) response: object): Promise<Started> {
    return this.replies.started(response, await this.jobs.retry(id));
  }

  @Post('executions/:id/promote')
  @UseInterceptors(EmptyBody)
  @HttpCode(202)
  @Describe({
    summary: 'Run an execution now that waits for its time',
    description: 'One that is delayed, or waits for its retry; as soon as there is a slot.',
    status: 202,
    answer: Started,
    problems: [404, 409],
    headers: { Location: 'The path of the execution.' },
  })
  async promote(
    @Param('id', { schema: Id }) id: string,
    @Res({ passthrough: true }) response: object,
  ): Promise<Started> {
    return this.replies.started(response, await this.jobs.promote(id));
  }

  @Post('executions/:id/cancel')
  @HttpCode(200)
  @Describe({
    summary: 'Cancel an execution',
    description: 'Anywhere in the fleet: one that waits is taken out of its queue, of one that runs the signal fires.',
    status: 200,
    answer: Cancelled,
    optionalBody: CancelReason,
    problems: [404, 409, 413, 415],
  })
  async cancel(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: CancelRequest }) body: CancelRequest,
  ): Promise<Cancelled> {
    const cancelled = await this.jobs.cancel(id, body?.reason);
    if (cancelled) return { id, cancelled };
    const status = await this.jobs.getStatus(id);
    if (!status) throw new ExecutionUnknownError(id);
    if (ENDED.has(status)) throw new ExecutionEndedError(id, status);
    return { id, cancelled };
  }

  private async require(id: string): Promise<JobExecution> {
    const execution = await this.history.getExecution(id);
    if (!execution) throw new ExecutionUnknownError(id);
    return execution;
  }
}

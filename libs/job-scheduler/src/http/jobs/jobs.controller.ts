import { Body, Delete, Get, Headers, HttpCode, Param, Post, Put, Query, Res, UseInterceptors } from '@nestjs/common';
import { JobHistory } from '../../service/history/job-history.js';
import { EmptyBody } from '../bodies/empty-body.interceptor.js';
import { MonitorController } from '../monitor-controller.js';
import { Describe } from '../openapi/operation.js';
import { Replies } from '../replies.js';
import { DetailQuery, JobDetail, Started } from '../schemas/execution.schema.js';
import { Job, JobChange, JobPage, JobQuery, NewJob, StatusChange, type ListedJob } from '../schemas/job.schema.js';
import { Id } from '../schemas/texts.js';
import { allowedVersions, etagOf } from './if-match.js';
import { JobDetails, type JobRuns } from './job-details.js';
import { JobResource } from './job-resource.js';

const ETAG = { ETag: 'Of this version of the job, for `If-Match`.' };

/** Persisted jobs. */
@MonitorController()
export class JobsController {
  constructor(
    private readonly jobs: JobResource,
    private readonly history: JobHistory,
    private readonly details: JobDetails,
    private readonly replies: Replies,
  ) {}

  @Get('jobs')
  @Describe({ summary: 'List jobs, newest first', status: 200, answer: JobPage })
  list(@Query({ schema: JobQuery }) query: JobQuery): Promise<JobPage> {
    return this.jobs.list(query);
  }

  @Post('jobs')
  @Describe({
    summary: 'Create a job',
    description:
      'It fires from now on. Its target must be registered in code, and its parameters pass that job’s schema.',
    status: 201,
    answer: Job,
    problems: [409, 413, 415],
    headers: { ...ETAG, Location: 'The path of the job.' },
  })
  async create(@Body({ schema: NewJob }) body: NewJob, @Res({ passthrough: true }) response: object): Promise<Job> {
    const job = await this.jobs.create(body);
    this.replies.locate(response, 'jobs', job.id);
    return this.tagged(response, job);
  }

  @Get('jobs/:id')
  @Describe({ summary: 'Read a job', status: 200, answer: Job, problems: [404], headers: ETAG })
  async get(@Param('id', { schema: Id }) id: string, @Res({ passthrough: true }) response: object): Promise<Job> {
    return this.tagged(response, await this.jobs.get(id));
  }

  @Put('jobs/:id')
  @Describe({
    summary: 'Change a job',
    description: 'Fields that are left out stay. Of a job that code declares, `status` may be changed only.',
    status: 200,
    answer: Job,
    problems: [404, 409, 412, 413, 415],
    headers: ETAG,
    conditional: true,
  })
  async change(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: JobChange }) body: JobChange,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) response: object,
  ): Promise<Job> {
    return this.tagged(response, await this.jobs.change(id, body, allowedVersions(ifMatch)));
  }

  @Delete('jobs/:id')
  @UseInterceptors(EmptyBody)
  @HttpCode(204)
  @Describe({
    summary: 'Delete a job',
    description: 'Its runs that wait or go on are left alone. One that code declares cannot be deleted.',
    status: 204,
    problems: [404, 409, 412],
    conditional: true,
  })
  delete(@Param('id', { schema: Id }) id: string, @Headers('if-match') ifMatch: string | undefined): Promise<void> {
    return this.jobs.delete(id, allowedVersions(ifMatch));
  }

  @Get('jobs/:id/detail')
  @Describe({ summary: 'Read a job with its executions and logs', status: 200, answer: JobDetail, problems: [404] })
  async detail(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: DetailQuery }) query: DetailQuery,
  ): Promise<ListedJob & JobRuns> {
    const job = await this.jobs.getListed(id);
    return { ...job, ...(await this.details.of(id, query)) };
  }

  @Put('jobs/:id/status')
  @Describe({
    summary: 'Enable or disable a job',
    status: 200,
    answer: Job,
    problems: [404, 412, 413, 415],
    headers: ETAG,
    conditional: true,
  })
  async switch(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: StatusChange }) { status }: StatusChange,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) response: object,
  ): Promise<Job> {
    return this.tagged(response, await this.jobs.switch(id, status, allowedVersions(ifMatch)));
  }

  @Post('jobs/:id/trigger')
  @UseInterceptors(EmptyBody)
  @HttpCode(202)
  @Describe({
    summary: 'Run a job now',
    description: 'With its parameters; also while it is disabled.',
    status: 202,
    answer: Started,
    problems: [404],
    headers: { Location: 'The path of the execution.' },
  })
  async trigger(
    @Param('id', { schema: Id }) id: string,
    @Res({ passthrough: true }) response: object,
  ): Promise<Started> {
    return this.replies.started(response, await this.jobs.runNow(id));
  }

  @Delete('jobs/:id/logs')
  @UseInterceptors(EmptyBody)
  @HttpCode(204)
  @Describe({
    summary: 'Remove the finished records and log lines of a job',
    description: 'Counters stay.',
    status: 204,
    problems: [404],
  })
  async clearLogs(@Param('id', { schema: Id }) id: string): Promise<void> {
    await this.jobs.get(id);
    await this.history.clearSchedule(id);
  }

  private tagged(response: object, job: Job): Job {
    this.replies.header(response, 'ETag', etagOf(job.version));
    return job;
  }
}
